// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The channel mixing of RWKV, over whole windows.
struct ChannelMixPass: BlockPass {
  private let graph: ChannelMixGraph
  private let length: Int
  private let context: ForwardContext

  init(_ graph: ChannelMixGraph, positions: Range<Int>, in context: ForwardContext)
    throws(QuantError)
  {
    self.graph = graph
    self.context = context
    length = positions.count
  }

  static func scratchColumns(_ graph: ChannelMixGraph) -> Int {
    2 * graph.key.inputs + graph.key.outputs
  }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let shifted = ShiftedRows(input.h, length: length, context)
    let mixed = try shifted.mixed(try context.vector(graph.share))
    let hidden = try context.product(graph.key, of: mixed)
    try context.activate(hidden, .reluSquared, into: hidden)
    try LinearProduct(graph.value, in: context).run(hidden, into: y)
    guard let receptance = graph.receptance else { return }
    let other = try shifted.mixed(try context.vector(receptance.share))
    let gate = try context.product(receptance.linear, of: other)
    try context.gate(gate, y, .sigmoid, into: y)
  }
}
