// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Models that attend to rows which an indexer chooses, where no table has rows: indexers that several
/// layers share, tensors of drafts that are loaded all the same, caches of compressed rows.
@Suite struct IndexedMemoryTests {
  private static func model(
    _ architecture: String, _ keys: [String: MetadataValue], _ tensors: [(String, [Int])]
  ) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string(MetadataString(architecture))
    for (key, value) in keys { metadata["\(architecture).\(key)"] = value }
    let all = tensors.map { name, shape in
      TensorDescription(
        name: name.contains(".bias") ? name : "\(name).weight", dimensions: shape,
        type: name.contains("tid2eid") ? .I32 : shape.count > 1 ? .F16 : .F32)
    }
    return try MemoryModel(name: "m.gguf", metadata: metadata, tensors: all, fileBytes: nil)
  }

  private static func numbers(_ values: [String: Int]) -> [String: MetadataValue] {
    values.mapValues { .uint32(UInt32($0)) }
  }

  private static func estimate(
    _ model: MemoryModel, sequences: Int = 1, unified: Bool = false, flash: Bool = true
  ) -> MemoryEstimate {
    var options = ContextOptions(context: 4096)
    options.microBatch = 128
    options.sequences = sequences
    options.isUnified = unified
    options.usesFlashAttention = flash
    let rule = PlacementRule(gpuCount: 1)
    return MemoryEstimate(model, placement: DevicePlacement(model, rule: rule), options: options)
  }

  private static let outside = [("token_embd", [64, 100]), ("output_norm", [64])]
  private static let experts = [
    ("ffn_gate_inp", [64, 4]), ("ffn_gate_exps", [64, 32, 4]), ("ffn_up_exps", [64, 32, 4]),
    ("ffn_down_exps", [32, 64, 4]),
  ]

  // MARK: GLM 5 and DeepSeek V3.2

  /// A model of eight layers and one for drafts.
  private static func indexed(
    _ architecture: String = "glm-dsa", context: Int = 1 << 20, draftBias: Bool = false,
    without missing: String = "", types: [Bool]? = nil
  ) throws -> MemoryModel {
    var keys = numbers([
      "block_count": 9, "nextn_predict_layers": 1, "embedding_length": 64,
      "context_length": context, "attention.head_count": 4, "attention.head_count_kv": 1,
      "attention.key_length": 80, "attention.value_length": 64, "attention.key_length_mla": 48,
      "attention.value_length_mla": 32, "attention.kv_lora_rank": 64, "rope.dimension_count": 16,
      "attention.indexer.key_length": 64, "attention.indexer.top_k": 256, "expert_count": 4,
      "expert_used_count": 2,
    ])
    if let types {
      keys["attention.indexer.types"] = .array(
        MetadataArray(elementType: .bool, types.map { .bool($0) }))
    }
    let layer =
      [
        ("attn_norm", [64]), ("attn_q_a", [64, 32]), ("attn_q_a_norm", [32]),
        ("attn_q_b", [32, 4 * 48]), ("attn_kv_a_mqa", [64, 80]), ("attn_kv_a_norm", [64]),
        ("attn_k_b", [32, 64, 4]), ("attn_v_b", [64, 32, 4]), ("attn_output", [4 * 32, 64]),
        ("ffn_norm", [64]), ("indexer.attn_k", [64, 64]), ("indexer.k_norm", [64]),
        ("indexer.attn_q_b", [32, 2 * 64]), ("indexer.proj", [64, 2]),
      ] + experts
    var tensors = outside + (0..<9).flatMap { number in layer.map { ("blk.\(number).\($0)", $1) } }
    if draftBias { tensors.append(("blk.8.exp_probs_b.bias", [4])) }
    return try model(architecture, keys, tensors.filter { $0.0 != missing })
  }

  private static func indexers(_ model: MemoryModel) -> [Bool] {
    model.shape.layers.map { !$0.caches.isEmpty }
  }

  @Test func `of models with long contexts some layers share an indexer`() throws {
    let shared = [true, true, true, false, false, false, true, false, false]
    let all = Array(repeating: true, count: 8) + [false]
    let long = try Self.indexed()
    let short = try Self.indexed(context: 1 << 17)
    #expect(Self.indexers(long) == shared)
    #expect(Self.indexers(short) == all)
    #expect(try Self.indexers(Self.indexed("deepseek32")) == all)
    let types = [true, false, false, false, true, false, false, false]
    #expect(try Self.indexers(Self.indexed(types: types)) == types + [false])
    // Four indexers less, each with keys of 64 numbers in 16 bits for the whole context.
    let difference = Self.estimate(short).gpus[0].cache - Self.estimate(long).gpus[0].cache
    #expect(difference == 4 * 64 * 2 * 4096)
    for model in [long, short] { #expect(Self.estimate(model).computeMethod == .replayed) }
  }

  @Test func `an indexer without its tensors is bounded, unless the layer shares one`() throws {
    let missing = try Self.indexed(without: "blk.6.indexer.proj")
    #expect(Self.estimate(missing).computeMethod == .bound)
    let shared = try Self.indexed(without: "blk.5.indexer.proj")
    #expect(Self.estimate(shared).computeMethod == .replayed)
  }

  @Test func `the bias of a draft's router is loaded, and nothing else of drafts`() throws {
    let (plain, biased) = (try Self.indexed(), try Self.indexed(draftBias: true))
    #expect(Self.estimate(biased).gpus[0].weights - Self.estimate(plain).gpus[0].weights == 128)
  }

  // MARK: DeepSeek V4

  /// A model with a layer of each kind: the latest rows alone, rows of 4 tokens, rows of 128 tokens.
  private static func compressed(
    without missing: String = "", drafts: Int = 0
  ) throws -> MemoryModel {
    var keys = numbers([
      "block_count": 3, "embedding_length": 64, "attention.head_count": 4,
      "attention.head_count_kv": 1, "attention.key_length": 64, "attention.value_length": 64,
      "rope.dimension_count": 16, "attention.sliding_window": 128, "attention.q_lora_rank": 32,
      "attention.indexer.key_length": 64, "attention.indexer.top_k": 32, "expert_count": 4,
      "expert_used_count": 2, "expert_gating_func": 4, "nextn_predict_layers": drafts,
    ])
    keys["attention.compress_ratios"] = .array(
      MetadataArray(elementType: .uint32, [0, 4, 128].map { .uint32($0) }))
    let connections = ["hc_attn", "hc_ffn"].flatMap { name in
      [("\(name)_fn", [256, 24]), ("\(name)_base", [24]), ("\(name)_scale", [3])]
    }
    let layer =
      [
        ("attn_norm", [64]), ("attn_q_a", [64, 32]), ("attn_q_a_norm", [32]),
        ("attn_q_b", [32, 256]), ("attn_kv", [64, 64]), ("attn_kv_a_norm", [64]),
        ("attn_output_a", [128, 16, 2]), ("attn_output_b", [32, 64]), ("attn_sinks", [4]),
        ("ffn_norm", [64]),
      ] + connections + experts
    let indexer =
      compressor("attn_compressor", width: 128, tokens: 4)
      + compressor("indexer_compressor", width: 128, tokens: 4)
      + [("indexer.proj", [64, 2]), ("indexer.attn_q_b", [32, 128])]
    let own = [
      [("ffn_gate_tid2eid", [2, 100])], indexer,
      compressor("attn_compressor", width: 64, tokens: 128),
    ]
    let head = [("output_hc_fn", [256, 4]), ("output_hc_base", [4]), ("output_hc_scale", [1])]
    let tensors = own.enumerated().flatMap { number, own in
      (layer + own).map { ("blk.\(number).\($0)", $1) }
    }
    let draft = missing == "drafts" ? [] : [("blk.2.nextn.eh_proj", [128, 64])]
    let all = outside + [("output", [64, 100])] + head + tensors + (drafts > 0 ? draft : [])
    return try model("deepseek4", keys, all.filter { $0.0 != missing })
  }

  private static func compressor(
    _ name: String, width: Int, tokens: Int
  ) -> [(String, [Int])] {
    [
      ("\(name)_kv", [64, width]), ("\(name)_gate", [64, width]), ("\(name)_ape", [width, tokens]),
      ("\(name)_norm", [64]),
    ]
  }

  @Test(arguments: [(1, false), (2, true), (2, false)])
  func `caches of compressed rows and states of compressors`(
    sequences: Int, unified: Bool
  ) throws {
    // Rows of 64 numbers in 16 bits; a window of 256 in each layer, and 256 rows of 128 tokens.
    let rows = (3 * 256 + 256) * 64 * 2
    // Rows of 4 tokens, twice; a sequence that shares no cache has its part of the context.
    let short = 2 * (unified || sequences == 1 ? 1024 : 512) * 64 * 2
    // States in 32 bits: two of 8 tokens for each cache of short rows, two of 128 tokens.
    let states = 4 * (4 * 8 * 128 + 2 * 128 * 64)
    let model = try Self.compressed()
    for flash in [true, false] {
      let estimate = Self.estimate(model, sequences: sequences, unified: unified, flash: flash)
      #expect(estimate.gpus[0].cache == sequences * (rows + short + states))
      #expect(estimate.computeMethod == .replayed)
    }
  }

  @Test func `layers for drafts are those that the file has, whatever its key`() throws {
    #expect(try Self.compressed(drafts: 1).shape.draftLayerCount == 1)
    #expect(try Self.compressed(without: "drafts", drafts: 1).shape.draftLayerCount == 0)
  }

  @Test(arguments: [
    "output_hc_base", "blk.0.hc_ffn_fn", "blk.1.indexer.proj", "blk.1.indexer_compressor_ape",
    "blk.2.attn_compressor_norm", "blk.2.attn_output_b",
  ])
  func `a model that lacks a tensor is bounded`(name: String) throws {
    let estimate = Self.estimate(try Self.compressed(without: name))
    #expect(estimate.computeMethod == .bound)
  }
}
