// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct TimeMixPass: BlockPass {
  init(_ graph: TimeMixGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError)
  {}

  static func scratchColumns(_ graph: TimeMixGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
