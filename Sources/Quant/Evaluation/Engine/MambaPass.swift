// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct MambaPass: BlockPass {
  init(_ graph: MambaGraph, positions: Range<Int>, in context: ForwardContext) throws(QuantError) {}

  static func scratchColumns(_ graph: MambaGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
