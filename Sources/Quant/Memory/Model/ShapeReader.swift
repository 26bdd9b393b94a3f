// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Reads the numbers that memory depends on, refusing what no model has.
struct ShapeReader {
  let file: String
  let metadata: Metadata

  private var architecture: String { metadata.architecture ?? "" }

  /// Whether a key is there.
  func has(_ key: String) -> Bool { metadata.model(key) != nil }

  /// A number within a range.
  ///
  /// Throws `QuantError.estimate` if it is missing and has no default, or is no such number.
  func integer(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>
  ) throws(QuantError) -> Int {
    guard let value = metadata.model(key) else {
      guard let fallback else { throw missing(key) }
      return fallback
    }
    guard let found = value.integer, range.contains(found) else {
      throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return found
  }

  /// A number for each layer: one for all of them, or an array.
  func integers(
    _ key: String, layers: Int, default fallback: Int? = nil, in range: ClosedRange<Int>
  ) throws(QuantError) -> [Int] {
    guard let array = metadata.model(key)?.elements else {
      return Array(repeating: try integer(key, default: fallback, in: range), count: layers)
    }
    let found = array.integers(layers)
    guard found.count >= layers, found.allSatisfy(range.contains) else {
      throw .estimate(
        file: file, line: 0,
        what: "\(architecture).\(key): expected \(layers) numbers from \(range.lowerBound) to"
          + " \(range.upperBound), found an array of \(array.count)")
    }
    return Array(found.prefix(layers))
  }

  /// Refuses a number that is there and is zero, negative, infinite or NaN.
  func requirePositive(_ key: String) throws(QuantError) {
    guard let value = metadata.model(key) else { return }
    guard let number = value.number, number.isFinite, number > 0 else {
      throw wrong(key, "a positive number", value)
    }
  }

  private func missing(_ key: String) -> QuantError {
    .estimate(
      file: file, line: 0, what: "expected the key \(architecture).\(key), found none")
  }

  private func wrong(_ key: String, _ expected: String, _ found: MetadataValue) -> QuantError {
    let value =
      found.integer.map(String.init) ?? found.number.map { "\($0)" }
      ?? "a value of type \(found.type)"
    return .estimate(
      file: file, line: 0, what: "\(architecture).\(key): expected \(expected), found \(value)")
  }
}
