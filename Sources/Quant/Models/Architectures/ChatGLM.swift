// SPDX-License-Identifier: MIT

/// ChatGLM 3 and GLM-4: half of each head is rotated, and the network's gate is part of the product
/// before it.
enum ChatGLM: EvaluableArchitecture {
  static let names = ["chatglm"]
  static let modelTypes = ["chatglm", "glm"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    try model.plainGraph(LayerStyle(.neighbours))
  }

  static func defaults(_ modelType: String) -> [String: Int] { GLM4.defaults(modelType) }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    try GLM4.configure(config)
  }
}
