// SPDX-License-Identifier: MIT

/// Gemma 3n: every fifth layer sees everything, the others a window. Only estimated.
enum Gemma3n: Architecture {
  static let names = ["gemma3n"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 5) }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  /// Some layers cache nothing, and the first ones drop small activations: both are fixed.
  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? {
    [LayerRule("the sharing of keys and values") { layer, _ in layer }]
  }
}
