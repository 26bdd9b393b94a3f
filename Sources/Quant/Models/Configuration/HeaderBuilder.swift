// SPDX-License-Identifier: MIT
internal import GGUF

/// Puts the header of a configured model together, tensor by tensor.
///
/// An architecture's file sets sizes that differ from the usual, and names the parts of a layer; the
/// parts themselves (attention, networks, experts, states) stand beside this file.
package struct HeaderBuilder {
  package let config: ConfigurationReader
  package let architecture: String
  /// Layers, without those that only predict tokens ahead.
  package var layers: Int
  /// Numbers that a token is between layers.
  package var width: Int
  /// Query heads; may be set for each layer.
  package var heads: Int
  /// Heads of keys and values; may be set for each layer.
  package var keyValueHeads: Int
  /// Numbers of a key in a head.
  package var keySize: Int
  /// Numbers of a value in a head.
  package var valueSize: Int
  /// Width of a dense feed-forward network.
  package var feedForward: Int
  /// Tokens of the vocabulary.
  package var vocabulary: Int
  /// Routed experts; zero for a dense model.
  package var experts: Int
  /// Layers behind the others that only predict tokens ahead.
  package var layersAhead = 0
  /// The layer that parts are added to; `nil` for tensors outside the layers.
  package var layer: Int?
  /// What names of layers begin with.
  package var block = "blk"
  private(set) var metadata = Metadata()
  private(set) var tensors: [TensorDescription] = []

  static let mostLayers = 4096

  /// Reads the sizes that nearly every configuration has.
  ///
  /// - Parameters:
  ///   - architecture: The architecture that the file names.
  ///   - config: The configuration.
  ///   - fallback: What counts where there is no key for attention heads; `nil` if there must be one.
  ///   - known: The number of layers, where it does not stand under the usual keys.
  /// - Throws: `QuantError.content` for keys that are missing or make no sense.
  package init(
    _ architecture: String, _ config: ConfigurationReader, heads fallback: Int? = nil,
    layers known: Int? = nil
  ) throws(QuantError) {
    self.config = config
    self.architecture = architecture
    let stated = try config.optional(
      "num_hidden_layers", "n_layers", "n_layer", "num_layers", "num_transformer_layers")
    guard let count = known ?? stated else { throw config.missing("num_hidden_layers") }
    layers = count
    width = try config.integer("hidden_size", "n_embd", "d_model", "dim", "model_dim", "n_embed")
    let found = try config.optional("num_attention_heads", "n_head", "n_heads", "num_heads")
    guard let heads = found ?? fallback else { throw config.missing("num_attention_heads") }
    self.heads = heads
    vocabulary = try config.integer("vocab_size", "padded_vocab_size")
    // OpenELM has a list, which it reads itself.
    keyValueHeads =
      config.value("num_kv_heads")?.list != nil
      ? heads
      : try config.integer("num_key_value_heads", "n_kv_heads", "num_kv_heads", default: heads)
    keySize = try config.optional("head_dim") ?? (heads > 0 ? width / heads : 0)
    valueSize = keySize
    feedForward =
      try config.value("intermediate_size")?.list == nil
      ? config.integer(
        "intermediate_size", "n_inner", "hidden_dim", "ffn_hidden_size", "d_ff", default: 0)
      : config.integers("intermediate_size", layers: layers)?.first ?? 0
    experts = try config.integer("num_local_experts", "num_experts", "n_routed_experts", default: 0)
    set("general.architecture", text: architecture)
    for (name, value) in [("num_hidden_layers", layers), ("hidden_size", width)]
    where value == 0 || name == "num_hidden_layers" && value > Self.mostLayers {
      throw config.refused("\(name): expected a number of a model, found \(value)")
    }
  }

  /// Takes sizes under the names that configurations have for them.
  package init(
    _ architecture: String, sizes: [String: Int], file: String
  ) throws(QuantError) {
    try self.init(architecture, ConfigurationReader(sizes: sizes, file: file))
  }

  // MARK: Keys

  private mutating func set(_ key: String, text: String) {
    metadata[key] = .string(MetadataString(text))
  }

  private mutating func set(_ key: String, value: MetadataValue) {
    metadata["\(architecture).\(key)"] = value
  }

  /// Sets a key of the architecture to a whole number; nothing without one.
  package mutating func key(_ key: String, _ value: Int?) {
    if let value { set(key, value: .uint32(UInt32(clamping: value))) }
  }

  /// Sets a key to a number for each layer.
  package mutating func key(_ key: String, _ values: [Int]) {
    let numbers = values.map { MetadataValue.int32(Int32(clamping: $0)) }
    set(key, value: .array(MetadataArray(elementType: .int32, numbers)))
  }

  /// Sets a key to yes or no.
  package mutating func key(_ key: String, _ value: Bool) { set(key, value: .bool(value)) }

  /// Sets a key to yes or no for each layer.
  package mutating func key(_ key: String, _ values: [Bool]) {
    let flags = values.map { MetadataValue.bool($0) }
    set(key, value: .array(MetadataArray(elementType: .bool, flags)))
  }

  /// Sets a key to a number with a fraction; nothing without one.
  package mutating func key(_ key: String, fraction: Double?) {
    if let fraction { set(key, value: .float32(Float(fraction))) }
  }

  /// Takes a key back.
  package mutating func removeKey(_ key: String) { metadata["\(architecture).\(key)"] = nil }

  // MARK: Tensors

  /// Adds a tensor of the current layer, or of none, under its full name.
  package mutating func tensor(_ part: String, _ dimensions: Int...) {
    let name = layer.map { "\(block).\($0).\(part)" } ?? part
    tensors.append(
      TensorDescription(
        name: name, dimensions: dimensions,
        type: Self.type(name, dimensions)))
  }

  /// Adds the weights, and perhaps the bias, of a product.
  package mutating func linear(_ part: String, _ from: Int, _ to: Int, bias: Bool = false) {
    tensor("\(part).weight", from, to)
    if bias { tensor("\(part).bias", to) }
  }

  /// Adds a norm, of the model's width if nothing else is said.
  package mutating func norm(_ part: String, _ size: Int? = nil, bias: Bool = false) {
    tensor("\(part).weight", size ?? width)
    if bias { tensor("\(part).bias", size ?? width) }
  }

  /// Adds the parts of each layer.
  package mutating func eachLayer(
    _ add: (inout HeaderBuilder, Int) throws(QuantError) -> Void
  ) throws(QuantError) {
    for index in 0..<layers {
      layer = index
      try add(&self, index)
    }
    layer = nil
  }

  /// Adds the parts of each layer that only predicts a token ahead.
  package mutating func eachLayerAhead(
    _ add: (inout HeaderBuilder, Int) throws(QuantError) -> Void
  ) throws(QuantError) {
    for index in layers..<(layers + layersAhead) {
      layer = index
      try add(&self, index)
    }
    layer = nil
  }

  /// The finished header.
  package var header: ConfiguredHeader {
    ConfiguredHeader(
      metadata: metadata, tensors: tensors, hasOtherInputs: config.hasOtherInputs)
  }

  /// A table of numbers of experts holds integers.
  private static func type(_ name: String, _ dimensions: [Int]) -> TensorType {
    if name.hasSuffix("tid2eid.weight") { return .I32 }
    return isFullPrecision(name, dimensions) ? .F32 : .F16
  }

  /// What converters leave in F32: vectors, norms, routers, small tables and short convolutions.
  private static func isFullPrecision(_ name: String, _ dimensions: [Int]) -> Bool {
    dimensions.count < 2 || !name.hasSuffix(".weight") || name.hasSuffix("_norm.weight")
      || fullPrecision.contains(where: name.holds)
  }

  private static let fullPrecision = [
    "ffn_gate_inp", "position_embd", "token_types", "ssm_conv1d", "shortconv.conv.",
    "altup_correct_coef",
    "altup_predict_coef", "time_mix_first", "time_mix_lerp", "time_mix_decay.", "time_mix_w0",
    "time_mix_a0", "time_mix_v0", "attn_rel_b",
  ]
}
