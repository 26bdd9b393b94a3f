// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Metadata that no model has is refused in a sentence, whatever its numbers.
@Suite struct ModelShapeTests {
  /// A small mixture of experts, with some keys changed.
  static func model(_ changes: [String: MetadataValue?]) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string("llama")
    for (key, value) in [
      ("block_count", 2), ("embedding_length", 64), ("feed_forward_length", 128),
      ("attention.head_count", 4), ("attention.head_count_kv", 2), ("expert_count", 4),
      ("expert_used_count", 2), ("context_length", 512),
    ] { metadata["llama.\(key)"] = .uint32(UInt32(value)) }
    for (key, value) in changes {
      let isGeneral = key.hasPrefix("general.")
      metadata[isGeneral ? key : "llama.\(key)"] = value
    }
    var tensors = [
      TensorDescription(name: "token_embd.weight", dimensions: [64, 100], type: .F16),
      TensorDescription(name: "output_norm.weight", dimensions: [64], type: .F32),
    ]
    for layer in 0..<2 {
      for (name, shape) in [
        ("attn_norm", [64]), ("attn_q", [64, 64]), ("attn_k", [64, 32]), ("attn_v", [64, 32]),
        ("attn_output", [64, 64]), ("ffn_norm", [64]), ("ffn_gate_inp", [64, 4]),
        ("ffn_gate_exps", [64, 128, 4]), ("ffn_up_exps", [64, 128, 4]),
        ("ffn_down_exps", [128, 64, 4]),
      ] {
        tensors.append(
          TensorDescription(name: "blk.\(layer).\(name).weight", dimensions: shape, type: .F16))
      }
    }
    return try MemoryModel(name: "m.gguf", metadata: metadata, tensors: tensors, fileBytes: nil)
  }

  static func number(_ value: UInt32) -> MetadataValue { .uint32(value) }

  @Test(arguments: [
    ("block_count", number(0)), ("block_count", number(1)), ("block_count", .uint64(1 << 32)),
    ("block_count", .float32(.nan)), ("embedding_length", number(0)),
    ("embedding_length", .uint64(1 << 40)), ("attention.head_count", number(0)),
    ("attention.head_count", number(3)), ("attention.head_count_kv", number(0)),
    ("attention.head_count_kv", number(3)), ("attention.key_length", number(0)),
    ("attention.key_length", .uint64(.max)), ("expert_count", number(0)),
    ("expert_used_count", number(0)), ("expert_used_count", number(5)),
    ("expert_group_count", number(3)), ("context_length", number(0)),
    ("context_length", .float32(.infinity)), ("context_length", .int32(-1)),
    ("rope.freq_base", .float32(.nan)), ("rope.freq_base", .float32(0)),
    ("feed_forward_length", .int64(-5)), ("attention.sliding_window", .int32(-1)),
    ("nextn_predict_layers", number(2)), ("ssm.state_size", number(16)),
  ])
  func `absurd numbers are refused`(key: String, value: MetadataValue) {
    let error = #expect(throws: QuantError.self) { try Self.model([key: value]) }
    #expect(error?.description.hasPrefix("m.gguf: ") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("expected") == true)
  }

  @Test func `a file without architecture is refused`() {
    #expect(throws: QuantError.self) { try Self.model(["general.architecture": nil]) }
  }

  @Test func `the model itself is fine`() throws {
    let model = try Self.model([:])
    #expect(model.shape.layers.allSatisfy { $0.attention?.keyWidth == 32 })
    #expect(model.hasTiedOutput)
    #expect(model.activeWeightCount < model.weightCount)
  }

  @Test func `computations are replayed, and bounded where a rule says so`() throws {
    let model = try Self.model([:])
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: 1))
    let options = ContextOptions(context: 512)
    let found = [ComputeRule.best, .unknownArchitecture, .formula].map {
      MemoryEstimate(model, placement: placement, options: options, rule: $0)
    }
    #expect(found.map(\.computeMethod) == [.replayed, .bound, .bound])
    #expect(found[0].gpus[0].compute < found[1].gpus[0].compute)
    #expect(found[1].gpus[0].compute < found[2].gpus[0].compute)
  }

  /// Whatever the numbers: an error or an estimate, but no trap and no long wait.
  @Test(arguments: [
    "block_count", "embedding_length", "feed_forward_length", "attention.head_count",
    "attention.head_count_kv", "attention.key_length", "attention.value_length",
    "attention.key_length_mla", "attention.kv_lora_rank", "attention.sliding_window",
    "rope.dimension_count", "expert_count", "expert_used_count", "expert_group_count",
    "context_length", "ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "wkv.head_size",
    "shortconv.l_cache", "kda.head_dim", "attention.shared_kv_layers", "nextn_predict_layers",
  ])
  func `any number is refused or survived`(key: String) {
    for number in [0, 1, 2, 3, 7, 64, 255, 4096, 16_384, 65_535, 1 << 20, 1 << 26, 1 << 31] {
      var changes: [String: MetadataValue?] = [key: .uint64(UInt64(number))]
      if key.hasPrefix("ssm") { changes["ssm.conv_kernel"] = .uint32(4) }
      guard let model = try? Self.model(changes) else { continue }
      for context in [1, 4096, 1 << 26] {
        var options = ContextOptions(context: context)
        options.sequences = context > 1 << 20 ? 1024 : 1
        options.microBatch = context > 1 << 20 ? 1 << 16 : 512
        guard (try? options.check(for: model.shape)) != nil else { continue }
        let budget = MemoryBudget(gpus: [1 << 20, 1 << 30], host: 1 << 20)
        let fit = MemoryFit(model, options: options, budget: budget)
        #expect(fit.verdict != nil)
        #expect(fit.estimate.host.total >= 0)
        if let profile = try? OllamaProfile(model) {
          #expect(profile.decision(freeBytes: 1 << 34, context: context).gpuLayers >= 0)
        }
      }
    }
  }

  @Test func `options that contradict each other are refused`() throws {
    let shape = try Self.model([:]).shape
    let changes: [(inout ContextOptions) -> Void] = [
      { $0.context = 0 }, { $0.context = 1 << 27 }, { $0.microBatch = 0 }, { $0.batch = -1 },
      { $0.sequences = 0 }, { $0.keyType = .Q4_K },
      {
        $0.valueType = .Q8_0
        $0.usesFlashAttention = false
      },
      { $0.keyType = .Q8_0 },
    ]
    for change in changes {
      var options = ContextOptions(context: 512)
      change(&options)
      #expect(throws: QuantError.self, "\(options)") { try options.check(for: shape) }
    }
    try ContextOptions(context: 512).check(for: shape)
  }
}
