// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantEvaluation
internal import QuantModels

/// The rows of one tile while their codes are chosen, by one thread.
///
/// Matrices are transposed: a row holds one column's numbers of all rows, side by side, as kernels and
/// products take them.
final class FeedbackWork {
  let tile: FeedbackTile
  let moments: PreparedMoments
  let products: ProductCache
  let shape: FeedbackShape
  let kernels = KernelTable.current.feedback
  /// The weights to be reached: [columns][rows].
  let weights: Matrix
  /// In the sweep the targets, in the descent the gradient.
  let moving: Matrix
  /// In the sweep the errors, in the descent by how much restored weights became less.
  let errors: Matrix
  /// The weights as they are restored.
  let restored: Matrix
  let memory: FeedbackMemory

  /// Prepares for targets of `tile.rows` rows.
  init(
    _ tile: FeedbackTile, _ targets: Matrix, _ moments: PreparedMoments, _ products: ProductCache
  ) {
    self.tile = tile
    self.moments = moments
    self.products = products
    shape = tile.shape
    func lying() -> Matrix { Matrix(rows: tile.columns, columns: tile.stride) }
    (weights, moving, errors, restored) = (lying(), lying(), lying(), lying())
    memory = FeedbackMemory(subBlock: tile.shape.subBlock)
    transpose(targets)
  }

  private func transpose(_ source: Matrix) {
    weights.columns(tile.rows..<tile.stride).clear()
    for row in 0..<tile.rows {
      for column in 0..<tile.columns {
        unsafe weights.base[column * tile.stride + row] =
          source.base[row * source.stride + column]
      }
    }
  }

  /// Columns whose errors move each other one by one; beyond it, a panel moves the next as a whole.
  static let panel = 256

  /// The panels, in their order.
  var panels: [Range<Int>] {
    stride(from: 0, to: tile.columns, by: Self.panel).map {
      $0..<min($0 + Self.panel, tile.columns)
    }
  }

  /// The sub-blocks of a panel.
  func subBlocks(of panel: Range<Int>) -> Range<Int> {
    panel.lowerBound / shape.subBlock..<panel.upperBound / shape.subBlock
  }

  /// The columns of a sub-block.
  func columns(of subBlock: Int) -> Range<Int> {
    subBlock * shape.subBlock..<(subBlock + 1) * shape.subBlock
  }

  /// The first row of each 16.
  var groups: StrideTo<Int> { stride(from: 0, to: tile.stride, by: laneCount) }

  /// A sub-block of 16 rows, as kernels take it.
  func part(_ columns: Range<Int>, _ row: Int, metrics: [Float]) -> FeedbackPart {
    let offset = columns.lowerBound * tile.stride + row
    let metric = columns.lowerBound * shape.group
    return unsafe FeedbackPart(
      count: columns.count, stride: tile.stride, weights: weights.base + offset,
      targets: moving.base + offset, restored: restored.base + offset,
      values: tile.values + offset, errors: errors.base + offset,
      coefficients: memory.coefficients,
      metrics: memory.metrics(metrics, from: metric, count: columns.count * shape.group),
      inverses: memory.inverses(
        moments.formInverses, from: metric, count: columns.count * shape.group),
      gradient: memory.gradient, scratch: memory.scratch)
  }

  /// Adds what the errors of some columns move in others: target += matrix[from, to]ᵀ · errors[from].
  func push(_ matrix: Matrix, from: Range<Int>, to: Range<Int>) throws(QuantError) {
    guard !to.isEmpty else { return }
    try products.add(
      matrix.rows(from).columns(to), xIsTransposed: true, errors.rows(from), to: moving.rows(to))
  }
}

/// What kernels need beside a tile.
@safe
final class FeedbackMemory {
  let coefficients: UnsafeMutablePointer<Float>
  let gradient: UnsafeMutablePointer<Lanes>
  let scratch: UnsafeMutablePointer<Lanes>
  private let metricsMemory: UnsafeMutablePointer<Float>
  private let inversesMemory: UnsafeMutablePointer<Float>
  private let base: UnsafeMutableRawPointer

  init(subBlock count: Int) {
    let vectors = count + FeedbackPart.scratchCount(columns: count)
    let floats = count * count + 2 * count * 8
    unsafe base = .allocate(byteCount: 64 * vectors + 4 * floats, alignment: 64)
    unsafe gradient = base.bindMemory(to: Lanes.self, capacity: vectors)
    unsafe scratch = gradient + count
    unsafe coefficients = (base + 64 * vectors).bindMemory(to: Float.self, capacity: floats)
    unsafe metricsMemory = coefficients + count * count
    unsafe inversesMemory = metricsMemory + count * 8
  }

  deinit { unsafe base.deallocate() }

  /// Copies the coefficients among columns.
  func load(_ matrix: Matrix, _ columns: Range<Int>) {
    for (row, column) in columns.enumerated() {
      unsafe (coefficients + row * columns.count).update(
        from: matrix.base + column * matrix.stride + columns.lowerBound, count: columns.count)
    }
  }

  @unsafe func metrics(_ all: [Float], from first: Int, count: Int) -> UnsafePointer<Float> {
    unsafe Self.copy(all, first, count, metricsMemory)
  }

  @unsafe func inverses(_ all: [Float], from first: Int, count: Int) -> UnsafePointer<Float> {
    unsafe Self.copy(all, first, count, inversesMemory)
  }

  @unsafe private static func copy(
    _ all: [Float], _ first: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>
  ) -> UnsafePointer<Float> {
    for index in 0..<count { unsafe target[index] = all[first + index] }
    return unsafe UnsafePointer(target)
  }
}
