// SPDX-License-Identifier: MIT
package import GGUF

/// Reads a model's keys, `ARCHITECTURE.KEY`, and refuses values of the wrong type or out of range.
package protocol KeyReading: Sendable {
  /// The file that errors name; empty where there is none.
  var path: String { get }
  /// Where the keys are.
  var metadata: Metadata { get }
  /// `general.architecture`, the prefix of keys.
  var architecture: String { get }
}

/// The keys of a model of which nothing but metadata is at hand.
package struct KeyReader: KeyReading {
  package let path: String
  package let metadata: Metadata
  package let architecture: String

  /// Reads the keys under the model's own architecture.
  package init(_ metadata: Metadata, path: String = "") {
    self.path = path
    self.metadata = metadata
    architecture = metadata.architecture ?? ""
  }
}

extension KeyReading {
  /// The value of a key, of any type.
  package func value(_ key: String) -> MetadataValue? { metadata["\(architecture).\(key)"] }

  /// Whether a key is there.
  package func has(_ key: String) -> Bool { value(key) != nil }

  /// Text, if the key is there.
  package func text(_ key: String) -> String? { value(key)?.text }

  /// A number from 0 to a sensible limit, or within a range.
  ///
  /// Throws `QuantError.content` if it is missing and has no default, or is no such number.
  package func integer(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...(1 << 28)
  ) throws(QuantError) -> Int {
    guard let value = value(key) else { return try given(fallback, key) }
    return try integer(key, value, in: range)
  }

  /// A number; of an array, the first.
  package func first(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>
  ) throws(QuantError) -> Int {
    guard let value = value(key) else { return try given(fallback, key) }
    return try integer(key, value.elements?.values(1).first ?? value, in: range)
  }

  /// A number for each layer: one for all of them, or an array.
  package func integers(
    _ key: String, layers: Int, default fallback: Int? = nil,
    in range: ClosedRange<Int> = 0...(1 << 28)
  ) throws(QuantError) -> [Int] {
    guard let array = value(key)?.elements else {
      return Array(repeating: try integer(key, default: fallback, in: range), count: layers)
    }
    let found = array.integers(layers)
    guard found.count == layers, found.allSatisfy(range.contains) else {
      throw refused(
        "\(architecture).\(key): expected \(layers) numbers from \(range.lowerBound) to"
          + " \(range.upperBound), found an array of \(array.count)")
    }
    return found
  }

  /// A finite number.
  package func number(_ key: String, default fallback: Float? = nil) throws(QuantError) -> Float {
    guard let value = value(key) else { return try given(fallback, key) }
    guard let found = value.number, Float(found).isFinite else {
      throw wrong(key, "a finite number", value)
    }
    return Float(found)
  }

  /// Yes or no; integers count as in C.
  package func flag(_ key: String, default fallback: Bool) throws(QuantError) -> Bool {
    guard let value = value(key) else { return fallback }
    guard let found = value.flag ?? value.integer.map({ $0 != 0 }) else {
      throw wrong(key, "true or false", value)
    }
    return found
  }

  /// Refuses a number that is there and is zero, negative, infinite or NaN.
  package func requirePositive(_ key: String) throws(QuantError) {
    guard let value = value(key) else { return }
    guard let number = value.number, number.isFinite, number > 0 else {
      throw wrong(key, "a positive number", value)
    }
  }
}

extension KeyReading {
  private func integer(
    _ key: String, _ value: MetadataValue, in range: ClosedRange<Int>
  ) throws(QuantError) -> Int {
    guard let found = value.integer, range.contains(found) else {
      throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return found
  }

  private func given<Value>(_ fallback: Value?, _ key: String) throws(QuantError) -> Value {
    guard let fallback else {
      throw refused("expected the key \(architecture).\(key), found none")
    }
    return fallback
  }

  private func wrong(_ key: String, _ expected: String, _ found: MetadataValue) -> QuantError {
    let value =
      found.integer.map(String.init) ?? found.number.map { "\($0)" }
      ?? "a value of type \(found.type)"
    return refused("\(architecture).\(key): expected \(expected), found \(value)")
  }

  private func refused(_ what: String) -> QuantError {
    .content(file: path, line: 0, what: what)
  }
}
