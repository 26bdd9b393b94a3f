// SPDX-License-Identifier: MIT

/// Mamba: state spaces instead of attention. Only estimated.
enum Mamba: Architecture {
  static let names = ["mamba"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.mamba))
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }
}
