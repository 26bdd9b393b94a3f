// SPDX-License-Identifier: MIT
internal import QuantModels

/// To be filled.
struct ShortConvolutionPass: BlockPass {
  init(_ graph: ShortConvolutionGraph, positions: Range<Int>, in context: ForwardContext)
    throws(QuantError)
  {}

  static func scratchColumns(_ graph: ShortConvolutionGraph) -> Int { 0 }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) { y.clear() }
}
