// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Which layers keep a window only, by what architectures fix and no key says: `w` for a window, `.` for
/// all of the context.
@Suite struct WindowedCacheTests {
  @Test(arguments: [
    ("olmo2", "www.www."), ("mellum", "www.www."), ("muse-glimmer", "www.www."),
    ("afmoe", "www.www."), ("exaone-moe", "www.www."), ("laguna", ".www.www"),
    ("cohere2moe", ".www.www"), ("smallthinker", ".www.www"), ("lfm2", "wwwwwwww"),
    ("exaone4", "........"), ("phi3", "........"), ("mimo2", "........"),
  ])
  func `a period, or all layers that attend`(name: String, expected: String) throws {
    let model = try ArchitectureRegistryTests.dense(name, layers: 8)
    #expect(Self.windows(model) == expected)
    // What the small model says, but where programs go by a size of their own.
    let size = name == "smallthinker" ? 4096 : 128
    #expect(model.shape.slidingWindow == (expected.contains("w") ? size : 0))
  }

  @Test func `EXAONE 4 has windows in models of 64 layers alone`() throws {
    let model = try ArchitectureRegistryTests.dense("exaone4", layers: 64)
    #expect(Self.windows(model) == String(repeating: "www.", count: 16))
  }

  @Test func `what an indexer keeps has the types of keys and of values`() throws {
    let model = try Self.indexed()
    func bytes(_ change: (inout ContextOptions) -> Void) -> Int {
      var options = ContextOptions(context: 1024)
      change(&options)
      let rule = PlacementRule(gpuCount: 1)
      return MemoryEstimate(
        model, placement: DevicePlacement(model, rule: rule), options: options
      ).gpus[0].cache
    }
    // Two layers, the second with an indexer: keys of 32 numbers, and values of one head of 16.
    let all = 2 * (2 * 32 * 1024 * 2) + (32 + 16) * 1024 * 2
    #expect(bytes { _ in } == all)
    #expect(bytes { $0.valueType = .F32 } == all + (2 * 32 + 16) * 1024 * 2)
  }

  private static func windows(_ model: MemoryModel) -> String {
    model.shape.layers.map { $0.attention?.isSliding == true ? "w" : "." }.joined()
  }

  /// MiniMax M3 of two layers, of which the first is dense.
  private static func indexed() throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string("minimax-m3")
    for (key, value) in [
      ("block_count", 2), ("embedding_length", 64), ("feed_forward_length", 128),
      ("attention.head_count", 4), ("attention.head_count_kv", 2), ("context_length", 2048),
      ("leading_dense_block_count", 1), ("attention.indexer.key_length", 32),
      ("attention.indexer.top_k", 4),
    ] { metadata["minimax-m3.\(key)"] = .uint32(UInt32(value)) }
    var tensors = [("token_embd", [64, 100]), ("output_norm", [64])]
    for layer in 0..<2 {
      tensors += [
        ("attn_norm", [64]), ("attn_q", [64, 64]), ("attn_k", [64, 32]), ("attn_v", [64, 32]),
        ("attn_output", [64, 64]), ("ffn_norm", [64]), ("ffn_gate", [64, 128]),
        ("ffn_up", [64, 128]), ("ffn_down", [128, 64]),
      ].map { ("blk.\(layer).\($0)", $1) }
    }
    return try MemoryModel(
      name: "m.gguf", metadata: metadata,
      tensors: tensors.map {
        TensorDescription(name: "\($0).weight", dimensions: $1, type: $1.count > 1 ? .F16 : .F32)
      }, fileBytes: nil)
  }
}
