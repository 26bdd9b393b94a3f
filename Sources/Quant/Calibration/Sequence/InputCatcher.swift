// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Takes copies of what goes into products.
final class InputCatcher: ForwardObserver {
  /// What went into a product.
  struct Input {
    let key: MatrixKey
    let rows: Matrix
  }

  /// What is caught, and what for.
  private struct Request {
    /// The inputs wanted of each matrix; `nil` for all of all.
    var wanted: [MatrixKey: Int]?
    /// How many are still to come.
    var missing = 0
    /// The most rows of each.
    var rows = Int.max
    /// Whether the run ends with the last that is wanted.
    var endsEarly = false
    var caught: [Input] = []

    /// Whether one more input of a matrix is wanted.
    mutating func takes(_ key: MatrixKey) -> Bool {
      guard let left = wanted?[key] else { return wanted == nil }
      wanted?[key] = left - 1
      return left > 0
    }
  }

  private let request = Locked<Request?>(nil)

  /// Catches the first rows of everything.
  func note(
    rows: Int, _ body: () throws(QuantError) -> Void
  ) throws(QuantError) -> [Input] {
    request.withLock { $0 = Request(rows: rows) }
    defer { request.withLock { $0 = nil } }
    try body()
    return request.withLock { $0?.caught ?? [] }
  }

  /// Catches what goes into some matrices.
  ///
  /// - Parameters:
  ///   - wanted: The matrices, and how many inputs each is to have.
  ///   - endsEarly: Whether the run is over with the last of them.
  ///   - body: The run.
  /// - Returns: The inputs in the order in which they came, and what `body` gave, unless it was ended.
  /// - Throws: What `body` throws.
  func catching<R>(
    _ wanted: [MatrixKey: Int], endsEarly: Bool, _ body: () throws(QuantError) -> R
  ) throws(QuantError) -> (caught: [MatrixKey: [Matrix]], result: R?) {
    let missing = wanted.values.reduce(0, +)
    request.withLock { $0 = Request(wanted: wanted, missing: missing, endsEarly: endsEarly) }
    defer { request.withLock { $0 = nil } }
    var result: R?
    do throws(QuantError) {
      result = try body()
    } catch {
      guard request.withLock({ $0?.endsEarly == true && $0?.missing == 0 }) else { throw error }
    }
    let inputs = request.withLock { $0?.caught ?? [] }
    return (Dictionary(grouping: inputs, by: \.key).mapValues { $0.map(\.rows) }, result)
  }

  func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError) {
    let key = MatrixKey(tensor: tensor.name, matrix: matrix)
    let isOver = request.withLock { request in
      guard request?.takes(key) == true, let limit = request?.rows else { return false }
      request?.caught.append(Input(key: key, rows: input.rows(0..<min(limit, input.rows)).copied()))
      request?.missing -= 1
      return request?.endsEarly == true && request?.missing == 0
    }
    // It never leaves `catching`.
    if isOver { throw .cancelled }
  }

  func observe(_ routing: Routing, layer: Int) {}
}
