// SPDX-License-Identifier: MIT

/// The first Gemma, whose outputs use the embedding's weights, as those of all Gemmas do. Only
/// estimated.
enum Gemma1: Architecture {
  static let names = ["gemma"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func huggingFace(_: String) -> HuggingFaceMapping? {
    HuggingFaceMapping(family: "gemma", isTied: true)
  }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }
}
