// SPDX-License-Identifier: MIT

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Mistral Small 3 with images, Ministral 3 and Mistral 4: Llama, or DeepSeek V2's attention, with
/// queries that grow with their position.
enum Mistral3: EvaluableArchitecture {
  static let names = ["mistral3", "mistral4"]
  static let modelTypes = ["mistral3", "ministral3", "mistral4"]

  static func memory(_ name: String) -> MemoryTraits {
    name == "mistral3" ? MemoryTraits(computation: ComputationTraits(.standard)) : .unknown
  }

  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    model.architecture == "mistral3" ? [] : try DeepSeek2.layerRules(model)
  }

  static func dense(_ name: String) -> DenseForm? {
    name == "mistral3" ? DenseForm(architecture: name, allowsBiases: true) : nil
  }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    guard model.architecture == "mistral3" else { return try DeepSeek2.graph(model) }
    let temperature = try temperature(model)
    return try Llama.graph(model) { (attention) throws(QuantError) in
      attention.temperature = temperature
      guard case .yarn(let factor, _, _, _)? = attention.rotation?.scaling else { return }
      let multiplier = try model.number("rope.scaling.yarn_log_multiplier", default: 0)
      let raised = 1 + 0.1 * multiplier * Float(log(Double(max(factor, 1))))
      guard raised > 0 else {
        throw .content(
          file: model.path, line: 0,
          what: "mistral3.rope.scaling.yarn_log_multiplier: expected a number that is not negative,"
            + " found \(multiplier)")
      }
      attention.rotation?.magnitude /= raised
    }
  }

  /// What makes late queries larger: steps are as long as the context before it was stretched.
  private static func temperature(_ model: ModelReader) throws(QuantError) -> AttentionTemperature?
  {
    let scale = try model.number("attention.temperature_scale", default: 0)
    guard scale != 0 else { return nil }
    let context = try model.integer("context_length", default: 0)
    let length = try model.integer(
      "rope.scaling.original_context_length", default: max(context, 1), in: 1...(1 << 28))
    return AttentionTemperature(length: length, scale: scale)
  }

  static func defaults(_ modelType: String) -> [String: Int] { Llama.defaults("mistral") }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    guard (config.textType ?? config.modelType) == "mistral4" else {
      return try Llama.configure("mistral3", config)
    }
    var header = try HeaderBuilder("mistral4", config)
    try DeepSeek2.keys(&header, LatentSizes(config))
    try DeepSeek2.layers(&header, choiceBias: false) { _, _ in }
    try header.output(tied: false)
    return header
  }
}
