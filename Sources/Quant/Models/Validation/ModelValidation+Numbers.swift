// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelValidation {
  /// Numbers that go into every computation: finite, and not zero where they divide.
  func numberFindings() -> [InspectionWarning] {
    let prefix = key("")
    guard prefix.count > 1 else { return [] }
    return source.metadata.entries.filter { $0.key.hasPrefix(prefix) }
      .compactMap { finding($0.key, String($0.key.dropFirst(prefix.count)), $0.value) }
  }

  private func finding(_ key: String, _ name: String, _ value: MetadataValue) -> InspectionWarning?
  {
    if let bad = Self.notFinite(value) {
      return .error(.numbers, key: key, expected: "finite numbers", found: bad)
    }
    if Self.counts.contains(name), value.integer.map({ $0 < 1 }) ?? true {
      return .error(.numbers, key: key, expected: "a number from 1 on", found: Self.text(value))
    }
    if name.hasPrefix("rope.freq_base"), value.number.map({ $0 <= 0 }) ?? true {
      return .error(.numbers, key: key, expected: "a positive number", found: Self.text(value))
    }
    // A factor of zero is how some files say that there is none.
    if Self.notNegative.contains(name), value.number.map({ $0 < 0 }) ?? true {
      return .error(
        .numbers, key: key, expected: "a number that is not negative", found: Self.text(value))
    }
    return nil
  }

  private static let counts: Set<String> = ["context_length", "embedding_length"]
  private static let notNegative: Set<String> = [
    "rope.scaling.factor", "rope.scale_linear", "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
  ]

  /// The first number of a value that is NaN or infinite, in words.
  static func notFinite(_ value: MetadataValue) -> String? {
    guard let array = value.elements else {
      return value.number.flatMap { $0.isFinite ? nil : "\($0)" }
    }
    guard array.elementType == .float32 || array.elementType == .float64 else { return nil }
    return array.first { $0.number?.isFinite == false }.map { "\($1.number ?? .nan) at \($0)" }
  }
}
