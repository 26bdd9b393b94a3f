// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels
public import QuantPlanning

/// The tensors and keys that a file of a configured model would have, as converters write them.
struct ConfiguredTensors {
  let configuration: ModelConfiguration
  private(set) var tensors: [TensorDescription] = []

  init(_ configuration: ModelConfiguration) {
    self.configuration = configuration
    let it = configuration
    add("token_embd.weight", it.embedding, it.vocabulary)
    if it.hasPositions { add("position_embd.weight", it.embedding, it.context) }
    vector("output_norm.weight", it.embedding)
    if !it.isTied { add("output.weight", it.embedding, it.vocabulary) }
    for layer in 0..<it.layers {
      let names = "blk.\(layer)."
      vector(names + "attn_norm.weight", it.embedding)
      if it.latentRank > 0 { addLatentAttention(names) } else { addAttention(names) }
      vector(names + (it.hasSinks ? "post_attention_norm" : "ffn_norm") + ".weight", it.embedding)
      if it.hasPostNorms {
        vector(names + "post_attention_norm.weight", it.embedding)
        vector(names + "post_ffw_norm.weight", it.embedding)
      }
      if it.hasExperts(layer) {
        addExperts(names)
      } else {
        addNetwork(names, "", it.feedForward > 0 ? it.feedForward : it.expertWidth)
      }
    }
  }

  private mutating func add(_ name: String, _ dimensions: Int...) {
    tensors.append(TensorDescription(name: name, dimensions: dimensions, type: .F16))
  }

  private mutating func vector(_ name: String, _ dimensions: Int...) {
    tensors.append(TensorDescription(name: name, dimensions: dimensions, type: .F32))
  }

  private mutating func addAttention(_ names: String) {
    let it = configuration
    let all = it.heads * it.headWidth
    let shared = it.keyValueHeads * it.headWidth
    for (part, width) in [("q", all), ("k", shared), ("v", shared)] {
      add(names + "attn_\(part).weight", it.embedding, width)
      if it.hasBias { vector(names + "attn_\(part).bias", width) }
    }
    add(names + "attn_output.weight", all, it.embedding)
    if it.normsQueries {
      vector(names + "attn_q_norm.weight", it.headWidth)
      vector(names + "attn_k_norm.weight", it.headWidth)
    }
    guard it.hasSinks else { return }
    vector(names + "attn_output.bias", it.embedding)
    vector(names + "attn_sinks.weight", it.heads)
  }

  private mutating func addLatentAttention(_ names: String) {
    let it = configuration
    let queries = it.heads * (it.plainHeadSize + it.rotaryHeadSize)
    if it.queryRank > 0 {
      add(names + "attn_q_a.weight", it.embedding, it.queryRank)
      vector(names + "attn_q_a_norm.weight", it.queryRank)
      add(names + "attn_q_b.weight", it.queryRank, queries)
    } else {
      add(names + "attn_q.weight", it.embedding, queries)
    }
    add(names + "attn_kv_a_mqa.weight", it.embedding, it.latentRank + it.rotaryHeadSize)
    vector(names + "attn_kv_a_norm.weight", it.latentRank)
    add(names + "attn_k_b.weight", it.plainHeadSize, it.latentRank, it.heads)
    add(names + "attn_v_b.weight", it.latentRank, it.valueHeadSize, it.heads)
    add(names + "attn_output.weight", it.heads * it.valueHeadSize, it.embedding)
  }

  private mutating func addNetwork(_ names: String, _ suffix: String, _ width: Int) {
    let it = configuration
    if it.isGated { add(names + "ffn_gate\(suffix).weight", it.embedding, width) }
    add(names + "ffn_up\(suffix).weight", it.embedding, width)
    add(names + "ffn_down\(suffix).weight", width, it.embedding)
  }

  private mutating func addExperts(_ names: String) {
    let it = configuration
    vector(names + "ffn_gate_inp.weight", it.embedding, it.experts)
    if it.hasSinks { vector(names + "ffn_gate_inp.bias", it.experts) }
    if it.usesSigmoid { vector(names + "exp_probs_b.bias", it.experts) }
    let parts = (it.isGated ? ["gate", "up"] : ["up"]).map { ($0, it.embedding, it.expertWidth) }
    for (part, inputs, outputs) in parts + [("down", it.expertWidth, it.embedding)] {
      add(names + "ffn_\(part)_exps.weight", inputs, outputs, it.experts)
      if it.hasSinks { vector(names + "ffn_\(part)_exps.bias", outputs, it.experts) }
    }
    if it.sharedWidth > 0 { addNetwork(names, "_shexp", it.sharedWidth) }
  }

  // MARK: Keys

  /// The keys that memory depends on.
  var metadata: Metadata {
    let it = configuration
    let isLatent = it.latentRank > 0
    var metadata = Metadata()
    metadata["general.architecture"] = .string(MetadataString(it.architecture))
    let numbers: [(String, Int)] = [
      ("block_count", it.layers), ("embedding_length", it.embedding),
      ("feed_forward_length", it.feedForward), ("context_length", it.context),
      ("attention.head_count", it.heads),
      ("attention.head_count_kv", isLatent ? 1 : it.keyValueHeads),
      ("attention.key_length", isLatent ? it.latentRank + it.rotaryHeadSize : it.headWidth),
      ("attention.value_length", isLatent ? it.latentRank : it.headWidth),
      ("rope.dimension_count", isLatent ? it.rotaryHeadSize : it.headWidth),
    ]
    let optional: [(String, Int)] = [
      ("attention.sliding_window", it.slidingWindow), ("expert_count", it.experts),
      ("expert_used_count", it.usedExperts),
      ("expert_feed_forward_length", it.experts > 0 ? it.expertWidth : 0),
      ("expert_group_count", it.expertGroups), ("expert_group_used_count", it.usedExpertGroups),
      ("expert_gating_func", it.usesSigmoid ? 2 : 0),
      ("attention.kv_lora_rank", it.latentRank),
      ("attention.key_length_mla", isLatent ? it.plainHeadSize + it.rotaryHeadSize : 0),
      ("attention.value_length_mla", isLatent ? it.valueHeadSize : 0),
    ]
    for (key, number) in numbers + optional.filter({ $0.1 > 0 }) {
      metadata["\(it.architecture).\(key)"] = .uint32(UInt32(clamping: number))
    }
    if it.usesSigmoid { metadata["\(it.architecture).expert_weights_norm"] = .bool(true) }
    return metadata
  }
}

extension MemoryModel {
  /// A model that exists only as sizes, in F16 or in the types of a recipe.
  ///
  /// The size of the file lacks the vocabulary, which a configuration does not hold.
  ///
  /// - Throws: `QuantError.content` if the sizes do not make a model.
  /// - Complexity: O(*n*) in tensors.
  public init(
    _ configuration: ModelConfiguration, name: String, recipe: Recipe? = nil
  ) throws(QuantError) {
    try configuration.check(name)
    let made = ConfiguredTensors(configuration)
    let metadata = made.metadata
    var tensors = made.tensors
    if let recipe {
      let facts = try ModelFacts(metadata, path: name)
      tensors = try recipe.retyping(tensors, facts, hasImportance: false)
    }
    let layout = try QuantError.wrapping { () throws(FileError) in
      try GGUFLayout(path: name, metadata: metadata, tensors: tensors)
    }
    try self.init(
      name: name, metadata: metadata, tensors: tensors, fileBytes: layout.byteCount)
  }
}
