// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Queries, keys and values of some rows: heads beside each other.
struct AttentionInputs: Sendable {
  let queries: Matrix
  let keys: Matrix
  let values: Matrix
  /// The first number of each head that rotation turns.
  var rotatedFrom = 0
  /// Whether keys came rotated.
  var keysAreRotated = false
  /// Whether keys and values came normed.
  var keysAreNormed = false

  /// The gates of values, where queries come with them.
  var gates: Matrix?
  /// The narrow vectors that queries were made of, if there are any.
  var latentQueries: Matrix?
  /// What values were made of, head by head, where observers are told of it.
  var latentValues: LatentValues?

  init(_ graph: AttentionGraph, _ input: BlockInput, _ pass: AttentionPass) throws(QuantError) {
    let (x, context) = (input.h, pass.context)
    let keyColumns = graph.keyValueHeads * graph.keySize
    let valueColumns = graph.keyValueHeads * graph.valueSize
    switch graph.input {
    case .separate(let query, let key, let value):
      (queries, gates) = try Self.queries(query, graph, x, context)
      keys = Matrix(rows: x.rows, columns: keyColumns)
      values = Matrix(rows: x.rows, columns: valueColumns)
      try LinearProduct(key, in: context).run(x, into: keys)
      try LinearProduct(value, in: context).run(x, into: values)
    case .cross(let query, let key, let value, let slot):
      (queries, gates) = try Self.queries(query, graph, x, context)
      let source = context.layout.carried(slot, of: input.states)
      keys = Matrix(rows: x.rows, columns: keyColumns)
      values = Matrix(rows: x.rows, columns: valueColumns)
      try LinearProduct(key, in: context).run(source, into: keys)
      try LinearProduct(value, in: context).run(source, into: values)
    case .keysAsValues(let query, let key):
      (queries, gates) = try Self.queries(query, graph, x, context)
      keys = Matrix(rows: x.rows, columns: keyColumns)
      try LinearProduct(key, in: context).run(x, into: keys)
      values = keys.copied()
    case .fused(let linear, let queryBias, let keyBias, let valueBias):
      let all = Matrix(rows: x.rows, columns: linear.outputs)
      try LinearProduct(linear, in: context).run(x, into: all)
      let first = all.columns - keyColumns - valueColumns
      let made = all.columns(0..<first)
      keys = all.columns(first..<first + keyColumns)
      values = all.columns(first + keyColumns..<all.columns)
      for (bias, target) in [(queryBias, made), (keyBias, keys), (valueBias, values)] {
        if let bias = try context.vector(bias) { try context.add(bias, to: target) }
      }
      (queries, gates) = Self.split(made, graph)
    case .latent(let latent):
      let made = try LatentPass(latent, graph, pass).run(x)
      (queries, keys, values) = (made.queries, made.keys, made.values)
      latentQueries = made.narrow
      if context.observer != nil { latentValues = LatentValues(latent, made.vectors) }
      rotatedFrom = graph.keySize - (graph.rotation?.dimensions ?? 0)
      keysAreRotated = true
    case .shared(let query, let kept):
      (queries, gates) = try Self.queries(query, graph, x, context)
      // Copies: rounding must not reach what later layers read.
      keys = context.layout.carried(kept.keys, of: input.states).copied()
      values = context.layout.carried(kept.values, of: input.states).copied()
      (keysAreRotated, keysAreNormed) = (true, true)
    }
    if graph.clamp != 0 { try clamp(graph.clamp, context) }
  }

  /// Queries, and gates where the product makes those, too: each head's behind its queries.
  private static func queries(
    _ linear: Linear, _ graph: AttentionGraph, _ x: Matrix, _ context: ForwardContext
  ) throws(QuantError) -> (queries: Matrix, gates: Matrix?) {
    let made = Matrix(rows: x.rows, columns: linear.outputs)
    try LinearProduct(linear, in: context).run(x, into: made)
    return split(made, graph)
  }

  /// Takes gates out of queries, if they are among them.
  private static func split(
    _ made: Matrix, _ graph: AttentionGraph
  ) -> (queries: Matrix, gates: Matrix?) {
    guard case .query? = graph.gate?.source else { return (made, nil) }
    let (heads, size) = (graph.heads, graph.keySize)
    let queries = Matrix(rows: made.rows, columns: heads * size)
    let gates = Matrix(rows: made.rows, columns: heads * size)
    for head in 0..<heads {
      let (own, first) = (head * size..<(head + 1) * size, 2 * head * size)
      queries.columns(own).copy(from: made.columns(first..<first + size))
      gates.columns(own).copy(from: made.columns(first + size..<first + 2 * size))
    }
    return (queries, gates)
  }

  /// Limits all numbers.
  private func clamp(_ limit: Float, _ context: ForwardContext) throws(QuantError) {
    for part in [queries, keys, values] {
      try context.workers.forRanges(part.rows, atLeast: 8) { (rows, _) throws(QuantError) in
        for row in rows {
          part.withMutableRow(row) { span in
            for column in span.indices where abs(span[column]) > limit {
              span[column] = span[column] > 0 ? limit : -limit
            }
          }
        }
      }
    }
  }

  /// Norms queries and keys.
  func norm(
    _ query: HeadNorm?, _ key: HeadNorm?, _ graph: AttentionGraph, _ context: ForwardContext
  ) throws(QuantError) {
    try Self.norm(queries, query, heads: graph.heads, context)
    guard !keysAreNormed else { return }
    try Self.norm(keys, key, heads: graph.keyValueHeads, context)
  }

  /// Norms values.
  func normValues(_ graph: AttentionGraph, _ context: ForwardContext) throws(QuantError) {
    guard !keysAreNormed else { return }
    try Self.norm(values, graph.valueNorm, heads: graph.keyValueHeads, context)
  }

  /// Norms every head by itself, without weights.
  func normHeads(_ graph: AttentionGraph, _ context: ForwardContext) throws(QuantError) {
    let plain = HeadNorm.perHead(Norm(weight: nil, bias: nil))
    try norm(plain, plain, graph, context)
  }

  private static func norm(
    _ rows: Matrix, _ norm: HeadNorm?, heads: Int, _ context: ForwardContext
  ) throws(QuantError) {
    switch norm {
    case nil: break
    case .whole(let norm): try context.normalize(rows, by: norm, into: rows)
    case .perHead(let norm):
      let size = rows.columns / heads
      for head in 0..<heads {
        let part = rows.columns(head * size..<(head + 1) * size)
        try context.normalize(part, by: norm, into: part)
      }
    case .eachHead(let norm):
      let size = rows.columns / heads
      for head in 0..<heads {
        let part = rows.columns(head * size..<(head + 1) * size)
        try context.normalize(part, by: norm, part: head, into: part)
      }
    }
  }
}

/// Queries, keys and values by multi-head latent attention.
///
/// Keys and values are made in full: over whole windows that is cheaper than attending to latent
/// vectors, which are longer than they are.
struct LatentPass {
  private let latent: LatentAttention
  private let graph: AttentionGraph
  private let pass: AttentionPass
  private var context: ForwardContext { pass.context }
  /// Numbers of a key that all heads share: those that are rotated, if any are.
  private var shared: Int { latent.down.outputs - latent.latent }
  private var plain: Int { graph.keySize - shared }

  init(_ latent: LatentAttention, _ graph: AttentionGraph, _ pass: AttentionPass) {
    self.latent = latent
    self.graph = graph
    self.pass = pass
  }

  /// What a layer makes of its input.
  struct Made {
    let queries: Matrix
    let keys: Matrix
    let values: Matrix
    /// The narrow vectors that queries were made of, if there are any.
    let narrow: Matrix?
    /// The latent vectors that keys and values were made of.
    let vectors: Matrix
  }

  func run(_ x: Matrix) throws(QuantError) -> Made {
    let (queries, narrow) = try makeQueries(x)
    let down = Matrix(rows: x.rows, columns: latent.down.outputs)
    try LinearProduct(latent.down, in: context).run(x, into: down)
    let vectors = down.columns(0..<latent.latent)
    try context.normalize(vectors, by: latent.norm, into: vectors)
    let sharedKey = down.columns(latent.latent..<latent.latent + shared)
    if let norm = latent.sharedNorm { try context.normalize(sharedKey, by: norm, into: sharedKey) }
    if let table = pass.table {
      try pass.rotate(sharedKey, heads: 1, size: shared, from: 0, table)
    }
    let keys = Matrix(rows: x.rows, columns: graph.heads * graph.keySize)
    let values = Matrix(rows: x.rows, columns: graph.heads * graph.valueSize)
    try expand(vectors, queries, into: keys, values)
    for head in 0..<graph.heads {
      let end = (head + 1) * graph.keySize
      keys.columns(end - shared..<end).copy(from: sharedKey)
    }
    return Made(queries: queries, keys: keys, values: values, narrow: narrow, vectors: vectors)
  }

  private func makeQueries(_ x: Matrix) throws(QuantError) -> (queries: Matrix, narrow: Matrix?) {
    let queries = Matrix(rows: x.rows, columns: graph.heads * graph.keySize)
    switch latent.query {
    case .direct(let linear):
      try LinearProduct(linear, in: context).run(x, into: queries)
      return (queries, nil)
    case .compressed(let down, let norm, let up):
      let narrow = Matrix(rows: x.rows, columns: down.outputs)
      try LinearProduct(down, in: context).run(x, into: narrow)
      try context.normalize(narrow, by: norm, into: narrow)
      try LinearProduct(up, in: context).run(narrow, into: queries)
      return (queries, narrow)
    }
  }

  /// The parts of keys that are not rotated, and values, from latent vectors.
  private func expand(
    _ vectors: Matrix, _ queries: Matrix, into keys: Matrix, _ values: Matrix
  ) throws(QuantError) {
    switch latent.expansion {
    case .joint(let linear):
      let both = Matrix(rows: vectors.rows, columns: linear.outputs)
      try LinearProduct(linear, in: context).run(vectors, into: both)
      let size = plain + graph.valueSize
      for head in 0..<graph.heads {
        keys.columns(head * graph.keySize..<head * graph.keySize + plain)
          .copy(from: both.columns(head * size..<head * size + plain))
        values.columns(head * graph.valueSize..<(head + 1) * graph.valueSize)
          .copy(from: both.columns(head * size + plain..<(head + 1) * size))
      }
    case .perHead(let key, let value):
      try expandKeys(vectors, queries, by: key, into: keys)
      for head in 0..<graph.heads {
        let linear = Linear(tensor: value, outputs: graph.valueSize)
        var product = LinearProduct(linear, matrix: head, in: context)
        // `LatentValues` tells observers.
        product.isObserved = false
        try product.run(
          vectors, into: values.columns(head * graph.valueSize..<(head + 1) * graph.valueSize))
      }
    }
  }

  /// The file holds keys' matrices transposed, as they stand when a query is taken to the latent
  /// space instead.
  private func expandKeys(
    _ vectors: Matrix, _ queries: Matrix, by tensor: TensorInfo, into keys: Matrix
  ) throws(QuantError) {
    let (latent, plain, size, context) = (latent.latent, plain, graph.keySize, context)
    for head in 0..<graph.heads {
      try context.observer?.observe(
        tensor, matrix: head, input: queries.columns(head * size..<head * size + plain),
        windows: context.windows(of: queries.rows), workers: context.workers)
    }
    let input = try ProductInput(vectors, mode: .f32, context)
    try context.workers.forEach(graph.heads) { (head, slot) throws(QuantError) in
      let matrix = try slot.decode(
        tensor, matrix: head, rows: head * latent..<(head + 1) * latent, context)
      try input.multiply(
        matrix, transposed: false, into: keys.columns(head * size..<head * size + plain), slot)
    }
  }
}
