// SPDX-License-Identifier: MIT

/// GPT-2 and StarCoder, whose positions are learned, and their kin: Jais has slopes instead and a gate,
/// CodeShell rotates.
enum GPT2: EvaluableArchitecture {
  static let names = ["gpt2", "starcoder", "codeshell", "jais"]
  static let modelTypes = ["gpt2", "gpt_bigcode", "codeshell", "jais", "rugpt3xl"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    switch model.architecture {
    case "jais": return try jais(model)
    case "codeshell":
      return try model.plainGraph(
        LayerStyle(.halves, .gelu, isPlain: true, isTied: false), centered: true)
    default:
      var graph = try model.plainGraph(LayerStyle(nil, .gelu, isPlain: true), centered: true)
      graph.start.positions = try model.positions(ModelSizes(model, centered: true))
      return graph
    }
  }

  private static func jais(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model, centered: true)
    let style = LayerStyle(
      nil, slopeBias: try model.number("attention.max_alibi_bias", default: 0))
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      try model.layer(sizes, layer, style) { (attention, _) throws(QuantError) in
        attention.scale = 1 / Float(attention.keySize)
      }
    }
    return try model.graph(sizes, tied: false, layers: layers)
  }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let name =
      ["gpt_bigcode": "starcoder", "codeshell": "codeshell", "jais": "jais"][config.modelType]
      ?? "gpt2"
    var header = try HeaderBuilder(name, config)
    let isGated = name == "jais"
    if header.feedForward == 0 { header.feedForward = 4 * header.width }
    if try config.flag("multi_query", default: name == "starcoder") { header.keyValueHeads = 1 }
    if name == "codeshell", try config.flag("group_query_attention", default: true) {
      header.keyValueHeads = try config.integer("num_query_groups", default: header.heads)
    }
    try header.commonKeys()
    header.key("feed_forward_length", header.feedForward)
    header.key("attention.head_count_kv", header.keyValueHeads)
    config.ignore(
      "attention_softmax_in_fp32", "scale_attention_softmax_in_fp32", "summary_type",
      "summary_use_proj", "summary_proj_to_labels", "scale_attn_weights", "inference_runner",
      "position_embedding_type", "mup_width_scale", "validate_runner_input", "max_batch_size")
    var form = LayerForm()
    (form.bias, form.outputBias, form.networkBias, form.normBias) = (true, true, true, true)
    (form.isFused, form.isGated) = (true, isGated)
    if ["gpt2", "starcoder"].contains(name) {
      let positions = try header.contextLength() ?? 1024
      header.tensor("position_embd.weight", header.width, positions)
    }
    try header.plainLayers(form)
    // CodeShell's output is written even where it is the embedding.
    try header.output(tied: name != "codeshell", normBias: true)
    return header
  }
}
