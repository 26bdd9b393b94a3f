// SPDX-License-Identifier: MIT
package import QuantEvaluation
package import QuantModels

/// A factorization H = A D Aᵀ of a symmetric positive definite matrix: D is made of blocks of `group`
/// columns on the diagonal, A is zero below them, and has the identity in them.
///
/// With R upper triangular and H = R Rᵀ (Cholesky's factorization from the last column up), it is
/// A_{:,G} = R_{:,G} R_GG⁻¹ and D_G = R_GG R_GGᵀ for the columns G of a group.
///
/// Panels of columns are worked on from the last to the first: the products with the panels behind come
/// off a panel in single precision, tiles of rows being tasks; its square on the diagonal is factorized
/// in double precision. The tiles depend on the number of columns alone, and so do the results.
///
/// Memory: n² floats for A, and up to 256 n for the rest.
package struct TriangularFactor: Sendable {
  /// Columns of a panel.
  static let panelColumns = 64
  /// Rows of a task.
  private static let tileRows = 256

  /// Rows and columns of H.
  package let columns: Int
  /// Columns of a block of D.
  package let group: Int
  /// A without the identity: zero in the blocks on the diagonal, and below them.
  package let coefficients: Matrix
  /// [n/g][g][g]: the blocks of D.
  package private(set) var metrics: [Float]
  /// [n/g][g][g]: their inverses.
  package private(set) var metricInverses: [Float]
  /// For each panel, the inverse of A's square on the diagonal.
  private var panelInverses: [Matrix] = []

  /// Factorizes; `nil` if H is not positive definite beyond doubt, for the precision of its numbers.
  ///
  /// - Parameters:
  ///   - form: H; read on and above the diagonal.
  ///   - group: Columns of a block: a divisor of `panelColumns` and of the number of columns.
  ///   - workers: Threads to work with.
  /// - Throws: Nothing of its own.
  /// - Complexity: *n*³/3 products.
  package init?(_ form: Matrix, group: Int, _ workers: Workers) throws(QuantError) {
    precondition(form.rows == form.columns && form.columns % group == 0)
    precondition(Self.panelColumns % group == 0)
    columns = form.columns
    self.group = group
    coefficients = Matrix(rows: columns, columns: columns)
    metrics = Array(repeating: 0, count: columns * group)
    metricInverses = metrics
    let panels = Self.panels(columns)
    panelInverses = Array(repeating: Matrix(rows: 0, columns: 0), count: panels.count)
    for (index, panel) in panels.enumerated().reversed() {
      try copy(form, panel, workers)
      try subtractBehind(panel, workers)
      let square = PanelSquare(coefficients, panel, group: group)
      guard square.factorize(limits: panel.map { form[$0, $0] }) else { return nil }
      panelInverses[index] = square.write(into: coefficients)
      square.writeMetrics(&metrics, inverses: &metricInverses)
      try finishAbove(panel, square.rightFactor(), workers)
    }
  }

  private static func panels(_ columns: Int) -> [Range<Int>] {
    stride(from: 0, to: columns, by: panelColumns).map { $0..<min($0 + panelColumns, columns) }
  }

  private static func tiles(_ rows: Int) -> [Range<Int>] {
    stride(from: 0, to: rows, by: tileRows).map { $0..<min($0 + tileRows, rows) }
  }

  /// Begins a panel with H above and in its square, and zeros below.
  private func copy(
    _ form: Matrix, _ panel: Range<Int>, _ workers: Workers
  ) throws(QuantError) {
    let target = coefficients.columns(panel)
    let source = form.columns(panel)
    try workers.forRanges(columns, atLeast: 64) { (rows, _) throws(QuantError) in
      let copied = rows.clamped(to: 0..<panel.upperBound)
      target.rows(copied).copy(from: source.rows(copied))
      target.rows(max(rows.lowerBound, copied.upperBound)..<rows.upperBound).clear()
    }
  }

  /// Takes A_{:,K} D_K A_{J,K}ᵀ off the columns J of a panel, for all columns K behind it.
  private func subtractBehind(
    _ panel: Range<Int>, _ workers: Workers
  ) throws(QuantError) {
    let behind = panel.upperBound..<columns
    guard !behind.isEmpty else { return }
    let factor = Matrix(rows: panel.count, columns: behind.count)
    try workers.forRanges(panel.count, atLeast: 4) { (rows, _) throws(QuantError) in
      for row in rows { weigh(row: panel.lowerBound + row, behind, into: factor, row) }
    }
    let tiles = Self.tiles(panel.upperBound)
    try workers.forEach(tiles.count) { (index, slot) throws(QuantError) in
      let rows = coefficients.rows(tiles[index])
      let product = Matrix(rows: rows.rows, columns: panel.count)
      try slot.products.multiply(
        rows.columns(behind), factor, transposed: true, into: product)
      rows.columns(panel).subtract(product)
    }
  }

  /// Sets a row of `factor` to A_{row,K} D_K.
  private func weigh(row: Int, _ behind: Range<Int>, into factor: Matrix, _ target: Int) {
    factor.withMutableRow(target) { target in
      coefficients.withRow(row) { row in
        guard group > 1 else {
          for column in target.indices {
            target[column] = row[behind.lowerBound + column] * metrics[behind.lowerBound + column]
          }
          return
        }
        for first in stride(from: behind.lowerBound, to: behind.upperBound, by: group) {
          row.multiply(metrics, group, first, into: &target, at: first - behind.lowerBound)
        }
      }
    }
  }

  /// Multiplies what lies above a panel's square by A_JJ⁻ᵀ D_J⁻¹.
  private func finishAbove(
    _ panel: Range<Int>, _ factor: Matrix, _ workers: Workers
  ) throws(QuantError) {
    let tiles = Self.tiles(panel.lowerBound)
    try workers.forEach(tiles.count) { (index, slot) throws(QuantError) in
      let target = coefficients.rows(tiles[index]).columns(panel)
      try slot.products.multiply(target.copied(), factor, transposed: false, into: target)
    }
  }
}

// MARK: Solving

extension TriangularFactor {
  /// Turns rows X into X H⁻¹, for one thread.
  ///
  /// - Parameters:
  ///   - rows: The rows, as many columns as H has.
  ///   - products: That thread's.
  /// - Throws: Nothing of its own.
  /// - Complexity: 2 *n*² products a row, each number of A being read twice.
  package func solve(_ rows: Matrix, _ products: ProductCache) throws(QuantError) {
    precondition(rows.columns == columns)
    guard rows.rows > 0 else { return }
    let panels = Self.panels(columns)
    for (index, panel) in panels.enumerated().reversed() {
      let behind = panel.upperBound..<columns
      try replace(
        rows.columns(panel), less: rows.columns(behind),
        times: coefficients.rows(panel).columns(behind), transposed: true, panelInverses[index],
        products)
    }
    multiplyByInverses(rows)
    for (index, panel) in panels.enumerated() {
      let before = 0..<panel.lowerBound
      try replace(
        rows.columns(panel), less: rows.columns(before),
        times: coefficients.rows(before).columns(panel), transposed: false, panelInverses[index],
        products)
    }
  }

  /// x ← (x − others · factor) · inverse, factor and inverse perhaps transposed.
  private func replace(
    _ x: Matrix, less others: Matrix, times factor: Matrix, transposed: Bool, _ inverse: Matrix,
    _ products: ProductCache
  ) throws(QuantError) {
    let rest = Matrix(rows: x.rows, columns: x.columns)
    rest.clear()
    if others.columns > 0 {
      try products.multiply(others, factor, transposed: transposed, into: rest)
    }
    for row in 0..<x.rows { rest.setRow(row, x, minus: rest) }
    try products.multiply(rest, inverse, transposed: transposed, into: x)
  }

  /// Multiplies rows by D⁻¹.
  private func multiplyByInverses(_ rows: Matrix) {
    for row in 0..<rows.rows {
      rows.withMutableRow(row) { target in
        guard group > 1 else {
          for column in target.indices { target[column] *= metricInverses[column] }
          return
        }
        let old = rows.rows(row..<row + 1).copied()
        old.withRow(0) { old in
          for first in stride(from: 0, to: columns, by: group) {
            old.multiply(metricInverses, group, first, into: &target, at: first)
          }
        }
      }
    }
  }
}

extension Span<Float> {
  /// Multiplies the numbers of a group with its symmetric block.
  ///
  /// - Parameters:
  ///   - blocks: [n/g][g][g].
  ///   - group: Columns of a block.
  ///   - first: The group's first column.
  ///   - target: Where the result goes.
  ///   - place: The place in there.
  func multiply(
    _ blocks: [Float], _ group: Int, _ first: Int, into target: inout MutableSpan<Float>,
    at place: Int
  ) {
    for column in 0..<group { target[place + column] = 0 }
    for inner in 0..<group {
      let number = self[first + inner]
      let block = (first + inner) * group
      for column in 0..<group { target[place + column] += number * blocks[block + column] }
    }
  }
}
