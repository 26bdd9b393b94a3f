// SPDX-License-Identifier: MIT

extension ArchitectureRegistry {
  /// Describes the file that llama.cpp's converter would write for a configuration.
  ///
  /// - Parameters:
  ///   - text: A `config.json` of Hugging Face, or a `params.json` of Mistral.
  ///   - file: The file that errors name.
  /// - Returns: The keys that sizes and memory depend on, and every tensor.
  /// - Throws: `QuantError.content` for a type of model that is not converted, for keys that are missing
  ///   or make no sense, and for keys that nobody understands and that sizes may depend on.
  public static func header(
    ofConfiguration text: String, file: String
  ) throws(QuantError) -> ConfiguredHeader {
    let config = try ConfigurationReader(text: text, file: file)
    let (type, modelType) = try converted(config)
    let names = [config.textType, modelType].compactMap(\.self)
    let defaults = names.lazy.compactMap { Self.defaults($0) }.first { !$0.isEmpty }
    config.settle(modelType: modelType, defaults: defaults ?? type.defaults(modelType))
    let builder = try type.configure(config)
    try config.finish()
    return builder.header
  }

  /// All types of models that configurations may name, in alphabetical order.
  package static var modelTypes: [String] { all.flatMap { $0.modelTypes }.sorted() }

  /// What a class has where a nested configuration leaves a key out; `nil` for one that is not known.
  private static func defaults(_ modelType: String) -> [String: Int]? {
    all.first { $0.modelTypes.contains(modelType) }?.defaults(modelType)
  }

  /// The architecture of a configuration: by the type of the whole, by that of the text model within,
  /// by the class, or by Mistral's own keys.
  private static func converted(
    _ config: ConfigurationReader
  ) throws(QuantError) -> (any Architecture.Type, String) {
    // Classes that turn a type into another architecture come first.
    let special = config.classes.compactMap { classTypes[$0] }
    let isNative = config.modelType.isEmpty && config.has("dim")
    let native = isNative ? [mistralType(config)] : []
    let candidates = special + [config.modelType, config.textType].compactMap(\.self) + native
    for name in candidates {
      if let type = all.first(where: { $0.modelTypes.contains(name) }) { return (type, name) }
    }
    let classes = config.classes.map(nameOfClass)
    for type in all {
      if let name = type.modelTypes.first(where: { classes.contains(letters($0)) }) {
        return (type, name)
      }
    }
    throw unknown(config)
  }

  /// Mistral's own files have no type: what stands in them decides.
  private static func mistralType(_ config: ConfigurationReader) -> String {
    if config.has("kv_lora_rank") { return "mistral_large_3" }
    return config.has("llama_4_scaling") ? "ministral3" : "params.json"
  }

  private static let classTypes = [
    "Gemma3TextModel": "gemma3_text_model", "BailingMoeV2ForCausalLM": "bailing_moe_v2",
  ]

  /// `LlamaForCausalLM` is `llama`.
  private static func nameOfClass(_ name: String) -> String {
    let endings = [
      "ForCausalLM", "ForConditionalGeneration", "ForSequenceClassification", "ForMaskedLM",
      "LMHeadModel", "Model",
    ]
    let ending = endings.first { name.hasSuffix($0) } ?? ""
    return letters(String(name.dropLast(ending.count)))
  }

  private static func letters(_ name: String) -> String {
    name.lowercased().filter { $0.isLetter || $0.isNumber }
  }

  private static func unknown(_ config: ConfigurationReader) -> QuantError {
    let found = config.modelType
    guard !found.isEmpty else { return config.missing("model_type") }
    return config.refused(
      "model_type: expected a type that llama.cpp converts, found \"\(found)\""
        + NearName.question(found, among: modelTypes))
  }
}
