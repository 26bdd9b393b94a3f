// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// A short convolution between two gates, over whole windows.
struct ShortConvolutionPass: BlockPass {
  private let graph: ShortConvolutionGraph
  private let length: Int
  private let context: ForwardContext
  private let convolution: ConvolutionPass

  init(_ graph: ShortConvolutionGraph, positions: Range<Int>, in context: ForwardContext)
    throws(QuantError)
  {
    self.graph = graph
    self.context = context
    length = positions.count
    convolution = try ConvolutionPass(graph.convolution, in: context)
  }

  static func scratchColumns(_ graph: ShortConvolutionGraph) -> Int {
    graph.input.outputs + graph.convolution.channels
  }

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    let width = graph.convolution.channels
    let all = Matrix(rows: y.rows, columns: graph.input.outputs)
    try LinearProduct(graph.input, in: context).run(input.h, into: all)
    let parts = (0..<3).map { all.columns($0 * width..<($0 + 1) * width) }
    try context.multiply(parts[0], by: parts[2])
    let mixed = Matrix(rows: y.rows, columns: width)
    try convolution.run(parts[0], length: length, hasSilu: false, into: mixed)
    try context.multiply(mixed, by: parts[1])
    try LinearProduct(graph.output, in: context).run(mixed, into: y)
  }
}

extension ForwardContext {
  /// Multiplies number by number, in place.
  func multiply(_ target: Matrix, by other: Matrix) throws(QuantError) {
    precondition(target.rows == other.rows && target.columns == other.columns)
    try workers.forRanges(target.rows, atLeast: 4) { (rows, _) throws(QuantError) in
      KernelTable.current.layers.multiply(
        target.rows(rows).floatRows, other.rows(rows).floatRows, rows: rows.count,
        columns: target.columns)
    }
  }
}
