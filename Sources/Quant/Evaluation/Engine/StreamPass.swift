// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What is done to several streams together, for some rows of states.
struct StreamPass {
  let context: ForwardContext
  let states: Matrix

  private var layout: StateLayout { context.layout }

  /// Makes streams of each other: each has a sum of all of them added to it.
  func predict(by prediction: StreamPrediction) throws(QuantError) {
    let (width, streams) = (layout.width, layout.streams)
    let weights = try numbers(prediction.router, prediction.coefficients)
    try context.workers.forRanges(states.rows, atLeast: 8) { (rows, slot) throws(QuantError) in
      let kernels = KernelTable.current.layers
      let old = slot.spare(rows: 1, columns: streams * width)
      for row in rows {
        let new = layout.streams(of: states.rows(row..<row + 1))
        old.copy(from: new)
        for target in 0..<streams {
          for source in 0..<streams {
            unsafe kernels.addScaledRow(
              old.base + source * width, new.base + target * width, count: width,
              factor: weights[row, target * streams + source])
          }
        }
      }
    }
  }

  /// Moves all streams by what was wrong about the first.
  func correct(by correction: StreamCorrection) throws(QuantError) {
    let streams = layout.streams
    let factors = try numbers(correction.router, correction.coefficients)
    let first = layout.stream(of: states)
    let predicted = layout.carried(correction.predicted, of: states)
    let wrong = first.copied()
    try context.add(predicted, times: -1, to: wrong)
    first.copy(from: predicted)
    for stream in 0..<streams {
      let target = layout.stream(stream, of: states)
      try context.workers.forRanges(states.rows, atLeast: 8) { (rows, _) throws(QuantError) in
        for row in rows {
          unsafe KernelTable.current.layers.addScaledRow(
            wrong.base + row * wrong.stride, target.base + row * target.stride,
            count: target.columns, factor: factors[row, stream] + 1)
        }
      }
    }
  }

  /// What coefficients make of the router's numbers for the first stream.
  private func numbers(
    _ router: StreamRouter, _ coefficients: Linear
  ) throws(QuantError) -> Matrix {
    let first = layout.stream(of: states)
    let input = Matrix(rows: first.rows, columns: first.columns)
    try context.normalize(first, by: router.norm, into: input)
    try context.scale(input, by: router.scale)
    let modes = Matrix(rows: first.rows, columns: router.linear.outputs)
    try LinearProduct(router.linear, in: context).run(input, into: modes)
    for row in 0..<modes.rows {
      modes.withMutableRow(row) { span in
        for column in span.indices { span[column] = tanhf(span[column]) }
      }
    }
    let numbers = Matrix(rows: first.rows, columns: coefficients.outputs)
    try LinearProduct(coefficients, in: context).run(modes, into: numbers)
    return numbers
  }

  /// Begins the further streams as products of the first, or ends them so: in place of themselves.
  func project(by linear: Linear, ofFirst: Bool) throws(QuantError) {
    let first = layout.stream(of: states)
    for stream in 1..<max(1, layout.streams) {
      let target = layout.stream(stream, of: states)
      let source = ofFirst ? first : target.copied()
      try LinearProduct(linear, matrix: stream - 1, in: context).run(source, into: target)
      try context.workers.forRanges(states.rows, atLeast: 16) { (rows, _) throws(QuantError) in
        for row in rows { target.rows(row..<row + 1).fit(to: first.rows(row..<row + 1)) }
      }
    }
  }
}

extension Matrix {
  /// Makes one row as long as another, as vectors.
  fileprivate func fit(to other: Matrix) {
    let (own, wanted) = (sumOfSquares, other.sumOfSquares)
    guard own > 0 else { return }
    unsafe KernelTable.current.layers.scale(
      base, count: columns, factor: Float((wanted / own).squareRoot()))
  }

  /// Of the first row.
  private var sumOfSquares: Double {
    withRow(0) { span in span.indices.reduce(0) { $0 + Double(span[$1]) * Double(span[$1]) } }
  }
}

extension StateLayout {
  /// All streams of some states, beside each other.
  func streams(of states: Matrix) -> Matrix { states.columns(0..<streams * width) }
}
