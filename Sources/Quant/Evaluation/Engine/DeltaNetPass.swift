// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct DeltaNetPass: BlockPass {
  init(_ graph: DeltaNetGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {}

  static func scratchColumns(_ graph: DeltaNetGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
