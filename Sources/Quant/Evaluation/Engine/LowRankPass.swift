// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct LowRankPass: BlockPass {
  init(_ graph: LowRankGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {}

  static func scratchColumns(_ graph: LowRankGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
