// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct ChannelMixPass: BlockPass {
  init(_ graph: ChannelMixGraph, positions: Range<Int>, in context: ForwardContext)
    throws(QuantError)
  {}

  static func scratchColumns(_ graph: ChannelMixGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
