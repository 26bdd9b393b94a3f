// SPDX-License-Identifier: MIT

/// Reads the configuration of a model and remembers which keys were read, so that a key that nobody
/// understands does not pass in silence.
///
/// The keys of a nested text configuration stand before those around it. Null counts as missing.
package final class ConfigurationReader {
  package let file: String
  /// The `model_type` that decides on the architecture.
  package private(set) var modelType: String
  /// The `model_type` of the nested text configuration; `nil` without one.
  package let textType: String?
  /// The classes that the configuration names, such as `LlamaForCausalLM`.
  package let classes: [String]
  /// Whether the sizes stand in a nested configuration, which leaves out what its class has anyway.
  package let isNested: Bool
  private let values: [String: ConfigurationValue]
  private let place: String
  private let nestedKeys: Set<String>
  private var defaults: [String: Int] = [:]
  private var known: Set<String> = []
  private var children: [ConfigurationReader] = []

  /// Where the text model's configuration may stand.
  private static let nests = [
    "text_config", "llm_config", "lm_config", "language_config", "language_model", "llm_cfg",
  ]

  /// What Mistral's own files say of experts, under the names that others have for it.
  private static func experts(
    _ values: [String: ConfigurationValue]
  ) -> [String: ConfigurationValue] {
    let names = [
      "num_experts": "n_routed_experts", "expert_hidden_dim": "moe_intermediate_size",
      "num_shared_experts": "n_shared_experts", "num_expert_groups": "n_group",
      "num_expert_groups_per_tok": "topk_group", "route_every_n": "moe_layer_freq",
      "num_experts_per_tok": "num_experts_per_tok",
      "first_k_dense_replace": "first_k_dense_replace",
    ]
    return Dictionary(
      values.compactMap { key, value in names[key].map { ($0, value) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// Reads the text of a `config.json`, or of a `params.json` as Mistral writes it.
  ///
  /// Throws `QuantError.content` for a text that is no JSON object.
  package convenience init(text: String, file: String) throws(QuantError) {
    self.init(try ConfigurationValue.object(text, file: file), file: file)
  }

  private init(_ root: [String: ConfigurationValue], file: String) {
    let outer = root["thinker_config"]?.object ?? root
    let name = Self.nests.first { outer[$0]?.object?.isEmpty == false }
    let inner = name.flatMap { outer[$0]?.object }
    self.file = file
    textType = inner?["model_type"]?.text
    modelType = root["model_type"]?.text ?? textType ?? ""
    classes = (inner?["architectures"]?.list ?? root["architectures"]?.list ?? []).compactMap(
      \.text)
    isNested = inner != nil
    place = name.map { "\($0)." } ?? ""
    nestedKeys = Set((inner ?? [:]).keys)
    var around = root.merging(outer) { _, inner in inner }
    for name in Self.nests + ["thinker_config"] { around[name] = nil }
    values = around.merging(inner ?? [:]) { _, inner in inner }
      .merging(Self.experts(root["moe"]?.object ?? [:])) { own, _ in own }
  }

  /// Takes sizes that do not come from a file.
  convenience init(sizes: [String: Int], file: String) {
    self.init(sizes.mapValues { .integer($0) }, file: file)
  }

  private init(
    child values: [String: ConfigurationValue], of parent: ConfigurationReader, _ name: String
  ) {
    file = parent.file
    (modelType, textType, classes, isNested) = (parent.modelType, nil, [], false)
    place = "\(name)."
    nestedKeys = Set(values.keys)
    self.values = values
  }

  /// Takes the architecture's view: the type that it is known by, and what its class has by default.
  func settle(modelType: String, defaults: [String: Int]) {
    self.modelType = modelType
    if isNested { self.defaults = defaults }
  }

  /// Whether a key is there and not null.
  package func has(_ key: String) -> Bool { value(key) != nil }

  /// The value of a key, which counts as read.
  package func value(_ key: String) -> ConfigurationValue? {
    known.insert(key)
    guard let value = values[key], value != .null else { return nil }
    return value
  }

  /// The first of some keys that is there; all of them count as read.
  private func first(_ keys: [String]) -> (key: String, value: ConfigurationValue)? {
    let found = keys.compactMap { key in value(key).map { (key, $0) } }
    return found.first
  }
}

extension ConfigurationReader {
  /// Beyond any size of a model, and small enough that a product of two of them fits.
  private static let limit = 1 << 28

  /// A whole number under one of several names; `nil` if there is none.
  package func optional(_ keys: String...) throws(QuantError) -> Int? { try optional(keys) }

  func optional(_ keys: [String]) throws(QuantError) -> Int? {
    // Some write false where there is no number.
    guard let (key, value) = first(keys), value != .flag(false) else {
      return keys.lazy.compactMap { self.defaults[$0] }.first
    }
    guard let found = value.integer, (0...Self.limit).contains(found) else {
      throw refused(
        "\(key): expected a whole number from 0 to \(Self.limit), found \(value.inWords)")
    }
    return found
  }

  /// A whole number, or the default.
  package func integer(_ keys: String..., default fallback: Int) throws(QuantError) -> Int {
    try optional(keys) ?? fallback
  }

  /// A whole number that must be there.
  package func integer(_ keys: String...) throws(QuantError) -> Int {
    guard let found = try optional(keys) else { throw missing(keys[0]) }
    return found
  }

  /// A whole number for each layer: one for all of them, or a list.
  package func integers(_ key: String, layers: Int) throws(QuantError) -> [Int]? {
    guard let list = value(key)?.list else {
      return try optional([key]).map { Array(repeating: $0, count: layers) }
    }
    let found = list.compactMap(\.integer).filter { (0...Self.limit).contains($0) }
    guard found.count == list.count, found.count >= layers else {
      throw refused("\(key): expected a number for each of \(layers) layers, found another list")
    }
    return Array(found.prefix(layers))
  }

  /// A whole number that some configurations repeat for each layer, where all must agree.
  package func uniform(_ key: String) throws(QuantError) -> Int? {
    guard let list = value(key)?.list else { return try optional([key]) }
    let found = Set(list.compactMap(\.integer))
    guard found.count == 1, let one = found.first, (0...Self.limit).contains(one) else {
      throw refused("\(key): expected the same number for every layer, found several")
    }
    return one
  }

  /// Yes or no under one of several names, or the default; numbers count as in Python.
  package func flag(_ keys: String..., default fallback: Bool) throws(QuantError) -> Bool {
    guard let (key, value) = first(keys) else { return fallback }
    guard let found = value.flag ?? value.integer.map({ $0 != 0 }) else {
      throw refused("\(key): expected true or false, found \(value.inWords)")
    }
    return found
  }

  /// A number, if it is there.
  package func number(_ keys: String...) -> Double? { first(keys)?.value.number }

  /// Text, if the key is there.
  package func text(_ keys: String...) -> String? { first(keys)?.value.text }

  /// A list of texts, if the key is there.
  package func texts(_ keys: String...) -> [String]? {
    first(keys)?.value.list?.compactMap(\.text)
  }

  /// A list of whole numbers, if the key is there; what is no number of a model becomes the nearest.
  package func list(_ keys: String...) -> [Int]? {
    first(keys)?.value.list?.compactMap(\.integer).map { min(max($0, 0), Self.limit) }
  }

  /// A list of numbers, if the key is there.
  package func numbers(_ key: String) -> [Double]? { value(key)?.list?.compactMap(\.number) }

  /// The objects of a list.
  package func objects(_ key: String) -> [ConfigurationReader] {
    (value(key)?.list ?? []).compactMap(\.object).map { child($0, key) }
  }

  /// Whether there are encoders of images or sounds besides the language model.
  var hasOtherInputs: Bool {
    ["vision_config", "visual", "vision_tower", "audio_config", "encoder_config", "vision_encoder"]
      .contains { values[$0]?.object?.isEmpty == false || values[$0]?.text != nil }
  }

  /// Counts keys as understood, though nothing here depends on them.
  package func ignore(_ keys: String...) { known.formUnion(keys) }

  /// How many keys there are.
  package var count: Int { values.count }

  /// Counts every key as read.
  package func markAllRead() { known.formUnion(values.keys) }

  /// An object within, if the key is there.
  package func object(_ key: String) -> ConfigurationReader? {
    value(key)?.object.map { child($0, key) }
  }

  private func child(
    _ values: [String: ConfigurationValue], _ key: String
  ) -> ConfigurationReader {
    let child = ConfigurationReader(child: values, of: self, key)
    if IrrelevantKeys.matters(key, .object(values)) { children.append(child) }
    return child
  }
}

extension ConfigurationReader {
  /// Throws `QuantError.content` naming a key that nobody read and that a size may depend on.
  func finish() throws(QuantError) {
    for (key, value) in values.sorted(by: { $0.key < $1.key })
    // Around a nested configuration stands what describes images and sounds.
    where (!isNested || nestedKeys.contains(key)) && !known.contains(key)
      && IrrelevantKeys.matters(key, value)
    {
      throw refused(
        "the key \"\(place)\(key)\" is not understood, and sizes may depend on it"
      )
    }
    for child in children { try child.finish() }
  }

  package func missing(_ key: String) -> QuantError {
    refused("expected the key \"\(key)\", found none")
  }

  package func refused(_ what: String) -> QuantError { .content(file: file, line: 0, what: what) }
}
