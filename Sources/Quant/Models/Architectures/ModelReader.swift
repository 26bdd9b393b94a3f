// SPDX-License-Identifier: MIT
package import GGUF

/// Reads a model's keys and looks its tensors up, checking both: what an architecture's description
/// is made with.
package struct ModelReader {
  package let file: GGUFFile
  /// `general.architecture`, the prefix of keys.
  package let architecture: String
  /// Tokens of a window.
  package let contextLength: Int

  /// Prepares to read a model under the prefix `architecture`.
  package init(file: GGUFFile, architecture: String, contextLength: Int) {
    self.file = file
    self.architecture = architecture
    self.contextLength = contextLength
  }

  /// A number from 0 to a sensible limit.
  ///
  /// Throws `QuantError.unsupported` if it is missing and has no default, or is no such number.
  package func integer(
    _ key: String, default fallback: Int? = nil, in range: ClosedRange<Int> = 0...(1 << 28)
  ) throws(QuantError) -> Int {
    guard let value = file.metadata["\(architecture).\(key)"] else {
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
    _ key: String, layers: Int, default fallback: Int? = nil,
    in range: ClosedRange<Int> = 0...(1 << 28)
  ) throws(QuantError) -> [Int] {
    guard let array = file.metadata["\(architecture).\(key)"]?.elements else {
      return Array(repeating: try integer(key, default: fallback, in: range), count: layers)
    }
    let found = array.integers(layers)
    guard found.count == layers, found.allSatisfy(range.contains) else {
      throw .unsupported(
        "\(file.path): \(architecture).\(key): expected \(layers) numbers from "
          + "\(range.lowerBound) to \(range.upperBound), found an array of \(array.count)")
    }
    return found
  }

  /// A finite number.
  package func number(_ key: String, default fallback: Float? = nil) throws(QuantError) -> Float {
    guard let value = file.metadata["\(architecture).\(key)"] else {
      guard let fallback else { throw missing(key) }
      return fallback
    }
    guard let found = value.number, Float(found).isFinite else {
      throw wrong(key, "a finite number", value)
    }
    return Float(found)
  }

  /// Yes or no; integers count as in C.
  func flag(_ key: String, default fallback: Bool) throws(QuantError) -> Bool {
    guard let value = file.metadata["\(architecture).\(key)"] else { return fallback }
    guard let found = value.flag ?? value.integer.map({ $0 != 0 }) else {
      throw wrong(key, "true or false", value)
    }
    return found
  }

  /// Text, if the key is there.
  package func text(_ key: String) -> String? { file.metadata["\(architecture).\(key)"]?.text }

  /// Whether a key is there.
  func has(_ key: String) -> Bool { file.metadata["\(architecture).\(key)"] != nil }

  private func missing(_ key: String) -> QuantError {
    .unsupported("\(file.path): expected the key \(architecture).\(key), found none")
  }

  private func wrong(_ key: String, _ expected: String, _ found: MetadataValue) -> QuantError {
    let value = found.number.map { "\($0)" } ?? "a value of type \(found.type)"
    return .unsupported(
      "\(file.path): \(architecture).\(key): expected \(expected), found \(value)")
  }
}

extension ModelReader {
  /// A tensor that must be there, with these dimensions, innermost first.
  func tensor(_ name: String, _ dimensions: [Int]) throws(QuantError) -> TensorInfo {
    guard let tensor = try optional(name, dimensions) else {
      throw .missingTensor(file: file.path, name: name)
    }
    return tensor
  }

  /// A tensor that may be missing; if it is there, it must have these dimensions.
  package func optional(_ name: String, _ dimensions: [Int]) throws(QuantError) -> TensorInfo? {
    guard file.contains(name) else { return nil }
    let tensor = try QuantError.wrapping { () throws(FileError) in try file.tensor(name) }
    guard dimensions.allSatisfy({ $0 > 0 }) else {
      throw .unsupported(
        "\(file.path): expected keys that leave something of the tensor \"\(name)\", found "
          + dimensions.map(String.init).joined(separator: " x "))
    }
    // Dimensions of one at the end mean nothing.
    let found = tensor.dimensions.reversed().drop { $0 == 1 }.reversed()
    let expected = dimensions.reversed().drop { $0 == 1 }.reversed()
    guard Array(found) == Array(expected) else {
      let shapes = [dimensions, tensor.dimensions].map { shape in
        shape.map(String.init).joined(separator: " x ")
      }
      throw .shape(tensor: name, expected: shapes[0], found: shapes[1])
    }
    return tensor
  }

  /// A product: `NAME.weight`, perhaps `NAME.bias` and `NAME.scale`.
  func linear(
    _ name: String, _ inputs: Int, _ outputs: Int, needsBias: Bool = false
  ) throws(QuantError) -> Linear {
    let bias =
      needsBias
      ? try tensor("\(name).bias", [outputs]) : try optional("\(name).bias", [outputs])
    return Linear(
      tensor: try tensor("\(name).weight", [inputs, outputs]), outputs: outputs, bias: bias,
      factor: try optional("\(name).scale", [1]))
  }

  /// A norm: `NAME.weight`, perhaps `NAME.bias`.
  func norm(_ name: String, _ width: Int) throws(QuantError) -> Norm {
    Norm(
      weight: try tensor("\(name).weight", [width]), bias: try optional("\(name).bias", [width]))
  }

  /// A norm, if the file has it.
  func optionalNorm(_ name: String, _ width: Int) throws(QuantError) -> Norm? {
    file.contains("\(name).weight") ? try norm(name, width) : nil
  }
}
