// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Models that exist only as sizes.
@Suite struct ConfigurationTests {
  static let deepSeekV3 = """
    {"model_type": "deepseek_v3", "hidden_size": 7168, "intermediate_size": 18432,
     "num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128,
     "vocab_size": 129280, "max_position_embeddings": 163840, "tie_word_embeddings": false,
     "n_routed_experts": 256, "num_experts_per_tok": 8, "moe_intermediate_size": 2048,
     "n_shared_experts": 1, "first_k_dense_replace": 3, "n_group": 8, "topk_group": 4,
     "scoring_func": "sigmoid", "q_lora_rank": 1536, "kv_lora_rank": 512,
     "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
     "attention_bias": false, "num_nextn_predict_layers": 1}
    """
  static let mixtral = """
    {"model_type": "mixtral", "hidden_size": 4096, "intermediate_size": 14336,
     "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
     "vocab_size": 32000, "max_position_embeddings": 32768, "tie_word_embeddings": false,
     "num_local_experts": 8, "num_experts_per_tok": 2, "sliding_window": null}
    """
  static let qwen3 = """
    {"model_type": "qwen3_moe", "hidden_size": 2048, "intermediate_size": 6144,
     "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
     "head_dim": 128, "vocab_size": 151936, "max_position_embeddings": 40960,
     "tie_word_embeddings": false, "num_experts": 128, "num_experts_per_tok": 8,
     "moe_intermediate_size": 768, "decoder_sparse_step": 1, "attention_bias": false,
     "use_sliding_window": false, "sliding_window": null}
    """
  static let qwen2 = """
    {"model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944,
     "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
     "vocab_size": 152064, "max_position_embeddings": 32768, "tie_word_embeddings": false,
     "use_sliding_window": false, "sliding_window": 131072}
    """

  static func configuration(_ json: String) throws -> ConfiguredHeader {
    try ArchitectureRegistry.header(ofConfiguration: json, file: "config.json")
  }

  /// Active weights count the embedding whole. Publishers round, and count otherwise: 37 B for
  /// DeepSeek-V3 leaves part of it out, 3.3 B for Qwen3 is rounded down.
  @Test(arguments: [
    (deepSeekV3, 671e9, 37.55e9, 37e9), (mixtral, 46.7e9, 12.88e9, 12.9e9),
    (qwen3, 30.5e9, 3.353e9, 3.3e9),
  ])
  func `published sizes come out`(
    json: String, weights: Double, active: Double, published: Double
  ) throws {
    let model = try MemoryModel(Self.configuration(json), name: "config.json")
    #expect(abs(Double(model.weightCount) / weights - 1) < 0.01)
    #expect(abs(Double(model.activeWeightCount) / active - 1) < 0.001)
    #expect(abs(Double(model.activeWeightCount) / published - 1) < 0.017)
  }

  /// The shapes of the headers in TestVectors are the same as those made from configurations.
  @Test(arguments: [(mixtral, "mixtral-8x7b-f16"), (qwen3, "qwen3-30b-a3b-f16")])
  func `tensors are those of a converted file`(json: String, header: String) throws {
    let made = try MemoryModel(Self.configuration(json), name: "config.json")
    let file = try MemoryFixtures.model(header)
    let shapes = { (model: MemoryModel) in
      Dictionary(uniqueKeysWithValues: model.tensors.map { ($0.name, $0.description) })
    }
    #expect(shapes(made) == shapes(file))
    #expect(made.shape.layers == file.shape.layers)
  }

  /// Small GPT models with experts from an article, in millions of weights.
  @Test(arguments: [(0, 70.6), (4, 108.2), (8, 158.6), (16, 259.2)])
  func `the weights of a sweep over experts come out`(experts: Int, millions: Double) throws {
    let shape =
      "layers=6,embedding=512,heads=8,feed-forward=2048,vocabulary=50257,context=256,gate=no,"
      + "positions=yes,experts=\(experts)"
    let model = try MemoryModel(
      ModelConfiguration(shape: shape, option: "--shape").header("--shape"), name: "--shape")
    let found = Double(model.weightCount) / 1e6
    #expect(abs(found / millions - 1) < 0.005, "\(found)")
  }

  /// Rows of the measurements for which no header is kept: Qwen2.5 7B, all layers on the GPU.
  @Test(arguments: [
    (8192, 512, true, 1, 469_762_048, 146_811_008),
    (8192, 512, true, 512, 469_762_048, 318_767_104),
    (8192, 512, false, 512, 469_762_048, 518_004_736),
    (32768, 2048, true, 1, 1_879_048_192, 687_906_944),
  ])
  func `Qwen2 is replayed to the byte`(
    context: Int, batch: Int, usesFlash: Bool, outputs: Int, cache: Int, compute: Int
  ) throws {
    let model = try MemoryModel(Self.configuration(Self.qwen2), name: "config.json")
    var options = ContextOptions(context: context)
    options.microBatch = batch
    options.usesFlashAttention = usesFlash
    options.outputRows = outputs
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: 1))
    let gpu = MemoryEstimate(model, placement: placement, options: options).gpus[0]
    #expect(gpu.cache == cache)
    #expect(gpu.compute == compute)
  }

  @Test func `DeepSeek-V3 gets a size, a verdict and flags in every preset`() throws {
    let configuration = try Self.configuration(Self.deepSeekV3)
    let budgets = [
      MemoryBudget(gpus: Array(repeating: 80 << 30, count: 8)),
      MemoryBudget(gpus: [24 << 30], host: 512 << 30),
    ]
    for preset in FileType.all {
      let model = try MemoryModel(
        configuration, name: "config.json", recipe: Recipe(preset: preset))
      #expect(model.tensorBytes > 80 << 30)
      for budget in budgets {
        let fit = MemoryFit(model, options: ContextOptions(context: 8192), budget: budget)
        let verdict = try #require(fit.verdict)
        #expect(fit.estimate.computeMethod == .replayed)
        #expect(RuntimeFlags(fit).line.contains("-ngl"))
        // What must be there: all of it, or all of it in both memories.
        let room = budget.gpus.reduce(0, +) + (budget.host ?? 0)
        let isLimited = budget.host != nil || verdict == .fits
        if verdict != .doesNotFit && isLimited { #expect(model.tensorBytes < room) }
        if model.tensorBytes < room * 9 / 10 { #expect(verdict != .doesNotFit, "\(preset)") }
        if budget.host != nil && verdict == .fitsWithFlags {
          #expect(fit.placement.layersWithExpertsOutside(model) > 0)
        }
      }
    }
  }

  @Test(arguments: [
    ("layers=6", "embedding: expected a number from 1"),
    ("layers", "expected name=value, found \"layers\""),
    ("layers=6,layers=7", "\"layers\" appears twice"),
    ("depth=6", "there is no \"depth\""), ("layers=-1", "expected a whole number"),
    ("layers=99999999999999999999", "expected a whole number"),
    ("tied=maybe", "expected yes or no"),
    (
      "layers=6,embedding=512,heads=7,kv-heads=3,feed-forward=4,vocabulary=9",
      "attention.head_count: expected a number of heads that 3"
    ),
    (
      "layers=6,embedding=512,heads=8,feed-forward=4,vocabulary=9,experts=4,used=5",
      "used: expected a number from 1 to 4, found 5"
    ),
    (
      "layers=4096,embedding=1048576,heads=1,head-size=65536,feed-forward=16777216,"
        + "vocabulary=268435456,experts=4096", "has an unknown size"
    ),
  ])
  func `shapes that make no model are refused`(text: String, message: String) {
    let error = #expect(throws: QuantError.self) {
      try MemoryModel(
        ModelConfiguration(shape: text, option: "--shape").header("--shape"), name: "--shape")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
