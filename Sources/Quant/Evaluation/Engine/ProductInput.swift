// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantModels

/// The rows that go into products with weights, in the form that the compute mode multiplies.
///
/// Rows are multiplied in two lots: as many as `OneDNN.rowStep` divides, and the rest, made up to a
/// step with zeros. So the result of a row depends on that row alone, and not on which others happen to
/// be computed with it: how much memory there is, and how a text is divided among machines, changes no
/// bit.
struct ProductInput: Sendable {
  private let lots: [RowLot]
  private let columns: Int
  private let mode: ComputeMode
  /// All lots in 16-bit parts, for the modes that multiply those.
  private let halves: HalfMatrix?
  /// Rows of all lots, those of zeros included.
  private let allRows: Int

  /// Prepares rows.
  ///
  /// - Parameters:
  ///   - x: The rows.
  ///   - mode: How they are multiplied.
  ///   - context: Lends memory and threads.
  /// - Throws: Nothing of its own.
  init(_ x: Matrix, mode: ComputeMode, _ context: ForwardContext) throws(QuantError) {
    self.mode = mode
    columns = x.columns
    lots = RowLot.lots(x)
    allRows = lots.reduce(0) { $0 + $1.x.rows }
    guard mode == .bf16 || mode == .bf16x3 else {
      halves = nil
      return
    }
    let halves = context.inputHalves
    self.halves = halves
    let (high, low) = unsafe halves.memory(count: allRows * columns)
    let parts = unsafe HalfOperands(high: high, low: mode == .bf16 ? nil : low)
    for lot in lots {
      try context.workers.forRanges(lot.x.rows, atLeast: 8) { (rows, _) throws(QuantError) in
        unsafe parts.split(
          lot.x.rows(rows), at: (lot.target.lowerBound + rows.lowerBound) * x.columns)
      }
    }
  }

  /// Multiplies all rows with weights that a thread has decoded: as [outputs, inputs], or, if they are
  /// not `transposed`, as [inputs, outputs], for which numbers of 32 bits must be multiplied.
  func multiply(
    _ weights: Matrix, transposed: Bool = true, into y: Matrix, _ slot: WorkerSlot
  ) throws(QuantError) {
    precondition(transposed || halves == nil)
    let weightParts = halves == nil ? nil : split(weights, slot)
    for lot in lots {
      let target = y.rows(lot.target)
      // Rows of zeros have no place in the result.
      let whole =
        lot.isWhole
        ? target : slot.spare(rows: lot.x.rows, columns: y.stride).columns(0..<y.columns)
      if let weightParts {
        try multiply(lot, weights, weightParts, into: whole, slot)
      } else {
        try slot.products.multiply(lot.x, weights, transposed: transposed, into: whole)
      }
      if !lot.isWhole { target.copy(from: whole.rows(0..<target.rows)) }
    }
  }

  private func split(_ weights: Matrix, _ slot: WorkerSlot) -> HalfOperands {
    let (high, low) = unsafe slot.halves.memory(count: weights.rows * weights.columns)
    let parts = unsafe HalfOperands(high: high, low: mode == .bf16 ? nil : low)
    unsafe parts.split(weights, at: 0)
    return parts
  }

  private func multiply(
    _ lot: RowLot, _ weights: Matrix, _ parts: HalfOperands, into y: Matrix, _ slot: WorkerSlot
  ) throws(QuantError) {
    guard let halves else { return }
    let (high, low) = unsafe halves.memory(count: allRows * columns)
    let first = lot.target.lowerBound * columns
    var shape = ProductShape(
      element: .upperHalf, m: lot.x.rows, n: weights.rows, k: columns, xStride: columns,
      wStrides: (1, weights.columns), yStride: y.stride)
    unsafe try slot.products.run(shape, high + first, parts.high, y.base)
    guard let weightLow = unsafe parts.low else { return }
    shape.accumulates = true
    unsafe try slot.products.run(shape, high + first, weightLow, y.base)
    unsafe try slot.products.run(shape, low + first, parts.high, y.base)
  }
}

/// Rows that are multiplied together.
private struct RowLot: Sendable {
  /// Their numbers; below them there may be rows of zeros.
  let x: Matrix
  /// Their places among all rows.
  let target: Range<Int>

  var isWhole: Bool { x.rows == target.count }

  /// As many rows as make up whole steps, and the rest.
  static func lots(_ x: Matrix) -> [RowLot] {
    let whole = x.rows / OneDNN.rowStep * OneDNN.rowStep
    let first = whole > 0 ? [RowLot(x: x.rows(0..<whole), target: 0..<whole)] : []
    guard whole < x.rows else { return first }
    // The library has other code for rows that are not packed: the rest must lie as the others do.
    let rest = Matrix(rows: OneDNN.rowStep, columns: x.stride).columns(0..<x.columns)
    rest.rows(0..<x.rows - whole).copy(from: x.rows(whole..<x.rows))
    rest.rows(x.rows - whole..<rest.rows).clear()
    return first + [RowLot(x: rest, target: whole..<x.rows)]
  }
}

/// Where the 16-bit parts of a matrix go.
@safe
private struct HalfOperands: @unchecked Sendable {
  let high: UnsafeMutablePointer<UInt16>
  let low: UnsafeMutablePointer<UInt16>?

  init(high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>?) {
    unsafe self.high = high
    unsafe self.low = low
  }

  @unsafe func split(_ source: Matrix, at offset: Int) {
    unsafe KernelTable.current.layers.split(
      source.floatRows, high: high + offset, low: low.map { unsafe $0 + offset },
      rows: source.rows, columns: source.columns)
  }
}
