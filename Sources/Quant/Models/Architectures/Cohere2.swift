// SPDX-License-Identifier: MIT

/// Command R7B and A: every fourth layer sees everything, the others a window. Only estimated.
enum Cohere2: Architecture {
  static let names = ["cohere2"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    return MemoryTraits(computation: computation, slidingPeriod: 4)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    try model.windowRules(period: 4)
  }
}
