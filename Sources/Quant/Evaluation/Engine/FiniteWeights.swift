// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Looks for numbers that are not finite.
enum FiniteWeights {
  /// Refuses weights that are not finite.
  ///
  /// - Parameters:
  ///   - weights: Weights as they were decoded.
  ///   - tensor: The tensor that they are of.
  ///   - first: The number of the first of them in the tensor.
  ///   - file: The model's file, for the error.
  /// - Throws: `QuantError.content` that names tensor, layer, row and column.
  /// - Complexity: O(*n*).
  static func check(
    _ weights: Span<Float>, of tensor: TensorInfo, from first: Int, file: String
  ) throws(QuantError) {
    guard !areFinite(weights),
      let place = weights.indices.first(where: { !weights[$0].isFinite })
    else { return }
    let row = (first + place) / max(1, tensor.rowWeights)
    let column = (first + place) % max(1, tensor.rowWeights)
    let layer = TensorName.layer(of: tensor.name).map { ", layer \($0)" } ?? ""
    throw .content(
      file: file, line: 0,
      what: "tensor \"\(tensor.name)\"\(layer), row \(row), column \(column): expected finite"
        + " weights, found \(weights[place])")
  }

  /// Whether all of some numbers are finite.
  static func areFinite(_ numbers: Span<Float>) -> Bool {
    let exponent = Float.infinity.bitPattern
    var found: UInt32 = 0
    // Without a way out, so that it is done for several numbers at once.
    for index in numbers.indices {
      found |= numbers[index].bitPattern & exponent == exponent ? 1 : 0
    }
    return found == 0
  }
}

extension Matrix {
  /// Whether all numbers of a row are finite.
  func isFinite(row: Int) -> Bool { withRow(row) { FiniteWeights.areFinite($0) } }

  /// The first row with a number that is not finite; `nil` if there is none.
  func firstRowNotFinite(_ workers: Workers) throws(QuantError) -> Int? {
    let found = Locked<Int?>(nil)
    try workers.forRanges(rows, atLeast: 64) { (part, _) throws(QuantError) in
      guard let row = part.first(where: { !isFinite(row: $0) }) else { return }
      found.withLock { $0 = min($0 ?? row, row) }
    }
    return found.withLock { $0 }
  }

  /// The first number of a row that is not finite, as it is printed.
  func numberNotFinite(_ row: Int) -> String {
    withRow(row) { numbers in
      numbers.indices.first { !numbers[$0].isFinite }.map { "\(numbers[$0])" } ?? "none"
    }
  }
}
