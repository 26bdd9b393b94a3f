// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct Mamba2Pass: BlockPass {
  init(_ graph: Mamba2Graph, positions: Range<Int>, in context: ForwardContext) throws(QuantError) {
  }

  static func scratchColumns(_ graph: Mamba2Graph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
