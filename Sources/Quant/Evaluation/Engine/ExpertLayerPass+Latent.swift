// SPDX-License-Identifier: MIT
package import QuantModels

// Experts that work in vectors narrower than the model's.

extension ExpertLayerPass {
  /// Adds what the chosen experts give the model.
  package func addRouted(
    _ h: Matrix, _ routing: Routing, to y: Matrix, scale: Float
  ) throws(QuantError) {
    guard graph.latent != nil else { return try addExperts(h, routing, to: y, scale: scale) }
    try addWidened(try expertSum(try narrowed(h), routing), to: y, scale: scale)
  }

  /// What experts take: the rows themselves, or narrower ones made of them.
  package func narrowed(_ h: Matrix) throws(QuantError) -> Matrix {
    guard let latent = graph.latent else { return h }
    let narrow = Matrix(rows: h.rows, columns: latent.width)
    try forChunks(of: h.rows) { rows throws(QuantError) in
      try LinearProduct(latent.down, in: context).run(h.rows(rows), into: narrow.rows(rows))
    }
    return narrow
  }

  /// The weighted sum of what experts give, as narrow as what they take.
  package func expertSum(_ narrow: Matrix, _ routing: Routing) throws(QuantError) -> Matrix {
    let sum = Matrix(rows: narrow.rows, columns: narrow.columns)
    sum.clear()
    try addExperts(narrow, routing, to: sum, scale: 1)
    return sum
  }

  /// Adds sums of experts, taken to the model's width.
  package func addWidened(_ sum: Matrix, to y: Matrix, scale: Float = 1) throws(QuantError) {
    guard let latent = graph.latent else { return try context.add(sum, times: scale, to: y) }
    try forChunks(of: sum.rows) { rows throws(QuantError) in
      var part = sum.rows(rows)
      if let norm = latent.norm {
        let normed = Matrix(rows: rows.count, columns: sum.columns)
        try context.normalize(part, by: norm, into: normed)
        part = normed
      }
      let wide = Matrix(rows: rows.count, columns: y.columns)
      try LinearProduct(latent.up, in: context).run(part, into: wide)
      try context.add(wide, times: scale, to: y.rows(rows))
    }
  }

  private func forChunks(
    of rows: Int, _ body: (Range<Int>) throws(QuantError) -> Void
  ) throws(QuantError) {
    for start in stride(from: 0, to: rows, by: chunk) {
      try body(start..<min(start + chunk, rows))
    }
  }
}
