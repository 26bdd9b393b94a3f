// SPDX-License-Identifier: MIT
internal import GGUF

/// Which layers of a model see a window.
struct LayerWindows {
  /// Tokens of a window; 0 if no layer has one.
  let size: Int
  /// Whether a layer has one.
  let isWindowed: [Bool]

  /// Whether any might have one.
  var exist: Bool { size > 0 }

  /// No layer has one.
  static func none(_ sizes: ModelSizes) -> LayerWindows {
    LayerWindows(size: 0, isWindowed: Array(repeating: false, count: sizes.described))
  }

  /// What a layer sees.
  subscript(layer: Int) -> AttentionWindow { isWindowed[layer] ? .sliding(size) : .full }
}

extension ModelReader {
  /// Windows as the keys give them.
  ///
  /// - Parameters:
  ///   - sizes: The model's.
  ///   - period: One of so many layers sees everything, unless a key says otherwise; `nil` if a list must
  ///     say.
  ///   - size: The size where the file does not say, 0 for no windows; `nil` if it must say.
  ///   - firstIsFull: Whether it is the first of each group that sees everything, not the last.
  /// - Returns: The windows.
  /// - Throws: `QuantError.content` for keys that are missing or make no sense.
  func windows(
    _ sizes: ModelSizes, period: Int?, size: Int? = nil, firstIsFull: Bool = false
  ) throws(QuantError) -> LayerWindows {
    let size = try integer(
      "attention.sliding_window", default: size, in: (size == 0 ? 0 : 1)...(1 << 28))
    guard size > 0 else { return .none(sizes) }
    let key = "attention.sliding_window_pattern"
    guard value(key)?.elements == nil, let period else {
      guard has(key), value(key)?.elements != nil else { throw missingList(key) }
      return LayerWindows(size: size, isWindowed: try windowedLayers(sizes, pattern: 0))
    }
    let found = try integer(key, default: period)
    let isWindowed = (0..<sizes.described).map { layer in
      found == 0 || (firstIsFull ? layer % found != 0 : layer % found < found - 1)
    }
    return LayerWindows(size: size, isWindowed: isWindowed)
  }

  private func missingList(_ key: String) -> QuantError {
    .content(
      file: source.path, line: 0,
      what: "expected the key \(architecture).\(key) with a flag for each layer, found none")
  }

  /// A rotation as it is without what makes its angles smaller for long contexts, as layers with
  /// windows often have it.
  ///
  /// - Parameters:
  ///   - rotation: That of the others.
  ///   - base: The base of the frequencies where `rope.freq_base_swa` is missing; `nil` if that key is not
  ///     used.
  ///   - dimensions: Numbers of a head that are turned, if it is not as many.
  ///   - keepsMagnitude: Whether the factor on rotated numbers holds for it, too.
  /// - Returns: The rotation.
  /// - Throws: `QuantError.content` for keys that make no sense.
  func windowRotation(
    _ rotation: Rotation, base: Float?, dimensions: Int? = nil, keepsMagnitude: Bool = false
  ) throws(QuantError) -> Rotation {
    var plain = rotation
    plain.scaling = .linear(1)
    plain.factors = nil
    plain.magnitude = keepsMagnitude ? try number("rope.scaling.attn_factor", default: 1) : 1
    plain.dimensions = dimensions ?? plain.dimensions
    guard let base else { return plain }
    let key = "rope.freq_base_swa"
    plain.base = try number(key, default: base)
    guard plain.base > 0 else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).\(key): expected a positive number, found \(plain.base)")
    }
    return plain
  }
}
