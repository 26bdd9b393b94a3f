// SPDX-License-Identifier: MIT

/// EXAONE 4: every fourth layer sees everything, the others a window. Only estimated.
enum EXAONE4: Architecture {
  static let names = ["exaone4"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 4) }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  /// Programs look for windows in models of 64 layers alone.
  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    [.count(64, "the sliding window")]
  }
}
