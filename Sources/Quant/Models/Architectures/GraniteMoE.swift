// SPDX-License-Identifier: MIT

/// Granite 3 with experts: factors on embeddings, on scores, on what layers add, and a divisor of
/// logits.
enum GraniteMoE: EvaluableArchitecture {
  static let names = ["granitemoe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func dense(_ name: String) -> DenseForm? { DenseForm(architecture: "granite") }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try Granite.graph(model)
  }
}

// MARK: Configuration

extension GraniteMoE {
  static let modelTypes = ["granitemoe", "granitemoeshared"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try Granite.configure(names[0], config)
  }
}
