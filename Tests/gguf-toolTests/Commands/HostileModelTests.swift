// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Sizes that make no sense end in one sentence, or in an answer, but never in a trap: each model runs
/// in a process of its own.
@Suite("Models with hostile keys") struct HostileModelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let logits = [
    "logits", "m.gguf", "--ids", "1,5,7", "--compute", "f32", "-t", "1", "-o", "l.gguf",
  ]

  private func answers(
    _ model: ModelFile, _ what: String, _ command: [String] = logits
  ) throws {
    try model.write(to: folder.path("m.gguf"))
    let outcome = try Tool.run(command, in: folder.url)
    let lines = outcome.errors.split(separator: "\n")
    let isError = outcome.status == 1 && lines.count == 1 && outcome.errors.hasPrefix("Error: ")
    #expect(isError || outcome.status == 0, "\(what): \(outcome.status), \(outcome.errors)")
  }

  static let keys = [
    "block_count", "embedding_length", "feed_forward_length", "attention.head_count",
    "attention.head_count_kv", "rope.dimension_count", "expert_count", "expert_used_count",
    "attention.key_length", "attention.value_length", "rope.scaling.factor", "rope.freq_base",
  ]
  static let values: [MetadataValue] = [
    .int64(0), .int64(1), .int64(3), .int64(-1), .int64(.min), .int64(65_535), .uint32(.max),
    .uint64(.max), .float32(.nan), .float32(0), .array(MetadataArray(elementType: .int8, [])),
  ]

  @Test(arguments: keys) func `one number`(_ key: String) throws {
    for value in Self.values {
      var model = TinyLlama().file()
      model.metadata["llama.\(key)"] = value
      try answers(model, "\(key) \(value)")
    }
  }

  /// Tensors that are as empty as the keys say.
  @Test(arguments: [
    ("feed_forward_length", ["ffn_gate_exps": [32, 0, 4], "ffn_down_exps": [0, 32, 4]]),
    ("attention.value_length", ["attn_v": [32, 0], "attn_output": [0, 32]]),
    ("attention.key_length", ["attn_q": [32, 0], "attn_k": [32, 0]]),
  ])
  func `tensors of no size`(_ key: String, _ shapes: [String: [Int]]) throws {
    var model = TinyLlama().file()
    model.metadata["llama.\(key)"] = .uint32(0)
    model.metadata["llama.rope.dimension_count"] = .uint32(0)
    for place in model.tensors.indices {
      let name = model.tensors[place].name.replacing("ffn_up", with: "ffn_gate")
      guard let found = shapes.first(where: { name.contains(".\($0.key).") }) else { continue }
      model.tensors[place] = TensorDescription(
        name: model.tensors[place].name, dimensions: found.value, type: .F32)
      model.contents[place] = []
    }
    try answers(model, key)
  }

  @Test func `no vocabulary`() throws {
    var model = TinyLlama().file()
    for place in model.tensors.indices where model.tensors[place].dimensions[1...] == [268] {
      model.tensors[place] = TensorDescription(
        name: model.tensors[place].name, dimensions: [32, 0], type: .F32)
      model.contents[place] = []
    }
    try answers(model, "no vocabulary")
  }

  @Test(arguments: [(2, 1), (4, 1), (4, 4), (3, 1), (2, 0), (5, 1), (2, 3), (-1, 1)])
  func `groups of experts`(_ groups: Int, _ used: Int) throws {
    var model = TinyLlama().file()
    for key in Self.keys + ["attention.layer_norm_rms_epsilon"] {
      model.metadata["glm4moe.\(key)"] = model.metadata["llama.\(key)"]
    }
    model.metadata["general.architecture"] = .string("glm4moe")
    model.metadata["glm4moe.expert_feed_forward_length"] = .uint32(24)
    model.metadata["glm4moe.expert_shared_count"] = .uint32(0)
    model.metadata["glm4moe.expert_group_count"] = .int32(Int32(groups))
    model.metadata["glm4moe.expert_group_used_count"] = .int32(Int32(used))
    for layer in 0..<2 {
      model.add("blk.\(layer).post_attention_norm.weight", [32])
      model.add("blk.\(layer).exp_probs_b.bias", [4])
    }
    try answers(model, "\(groups) groups, \(used) used")
  }

  /// Layouts, pruning and dense models of experts that make no sense.
  @Test(arguments: [
    "--layout=keep", "--layout=merged", "--drop=*:0", "--keep=*:0-1", "--dense=1",
    "--shard-experts",
  ])
  func `what becomes of experts`(_ option: String) throws {
    let command = ["split-experts", "m.gguf", "o.gguf", "--json", "--restart", option]
    for key in ["expert_count", "expert_used_count", "expert_group_count"] {
      for value in Self.values {
        var model = TinyLlama().file()
        model.metadata["llama.expert_group_used_count"] = .uint64(.max)
        model.metadata["llama.\(key)"] = value
        try answers(model, "\(option) \(key) \(value)", command)
      }
    }
    let shapes: [(String, [Int], TensorType)] = [
      ("ffn_up_exps.bias", [4, 24, 2], .F32), ("ffn_up_exps.bias", [], .F32),
      ("ffn_gate_up_exps.weight", [32, 0, 4], .F32), ("ffn_gate_up_exps.weight", [4], .F32),
      ("ffn_gate_up_exps.weight", [1, 1, 4, 2], .I8), ("ffn_up_exps.scale", [32], .Q8_0),
      ("exp_probs_b.bias", [32], .Q8_0), ("exp_probs_b", [4], .F32), ("ffn_up.0.weight", [], .F32),
      ("ffn_up.9.weight", [32, 24], .F32), ("ffn_down.1.weight", [0, 0, 0], .F32),
      ("ffn_gate_inp.bias", [4, 4], .F32), ("ffn_gate_inp.bias", [0], .F32),
    ]
    for (name, shape, type) in shapes {
      var model = TinyLlama().file()
      model.add("blk.1.\(name)", shape, type)
      try answers(model, "\(option) \(name) \(shape)", command)
    }
  }
}
