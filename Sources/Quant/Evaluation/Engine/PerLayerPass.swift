// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct PerLayerPass: BlockPass {
  init(_ graph: PerLayerGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {}

  static func scratchColumns(_ graph: PerLayerGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
