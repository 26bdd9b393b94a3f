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
  static let panelColumns = 128
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
    let factor = Matrix(rows: behind.count, columns: panel.count)
    try workers.forRanges(behind.count / group, atLeast: 64) { (groups, _) throws(QuantError) in
      for index in groups {
        setWeighed(panel, group: behind.lowerBound / group + index, in: factor)
      }
    }
    let tiles = Self.tiles(panel.upperBound)
    try workers.forEach(tiles.count) { (index, slot) throws(QuantError) in
      let rows = coefficients.rows(tiles[index])
      try slot.products.add(rows.columns(behind), factor, to: rows.columns(panel))
    }
  }

  /// Sets the rows of a group G of `factor` to −D_G A_{J,G}ᵀ.
  private func setWeighed(_ panel: Range<Int>, group index: Int, in factor: Matrix) {
    let first = index * group
    for row in 0..<group {
      factor.withMutableRow(first + row - panel.upperBound) { target in
        for column in panel.indices {
          var sum: Float = 0
          for inner in 0..<group {
            sum +=
              metrics[first * group + row * group + inner] * coefficients[column, first + inner]
          }
          target[column - panel.lowerBound] = -sum
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
    for row in 0..<rows.rows { rows.withMutableRow(row) { multiplyByInverses(&$0) } }
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

  /// Multiplies a row by D⁻¹.
  private func multiplyByInverses(_ row: inout MutableSpan<Float>) {
    guard group > 1 else {
      for column in row.indices { row[column] *= metricInverses[column] }
      return
    }
    var result = [Float](repeating: 0, count: group)
    for first in stride(from: 0, to: columns, by: group) {
      for column in 0..<group {
        result[column] = 0
        for inner in 0..<group {
          result[column] +=
            row[first + inner] * metricInverses[first * group + inner * group + column]
        }
      }
      for column in 0..<group { row[first + column] = result[column] }
    }
  }
}
