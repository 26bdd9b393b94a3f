// SPDX-License-Identifier: MIT

/// OLMo 2 and 3: every fourth layer sees everything, the others a window. Only estimated.
enum OLMo2: Architecture {
  static let names = ["olmo2"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 4) }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 4)
  }
}
