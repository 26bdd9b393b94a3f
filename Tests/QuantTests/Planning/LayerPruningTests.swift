// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// What follows layers' numbers when some are left out: carried along, or refused.
@Suite("Layers left out") struct LayerPruningTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func plan(
    _ architecture: String, layers: Int, _ keys: [String: MetadataValue] = [:],
    tensors: [String] = [], without pruned: Set<Int>
  ) throws -> RequantizePlan {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string(MetadataString(architecture))
    model.metadata["\(architecture).block_count"] = .uint32(UInt32(layers))
    for (key, value) in keys.sorted(by: { $0.key < $1.key }) {
      model.metadata[key.hasPrefix("xielu.") ? key : "\(architecture).\(key)"] = value
    }
    for layer in 0..<layers { model.addWeights("blk.\(layer).attn_v.weight", [32, 4], .F32) }
    for name in tensors { model.addWeights(name, [32, 4], .F32) }
    let path = folder.path("model.gguf")
    try model.write(to: path)
    var recipe = Recipe(preset: nil)
    recipe.prunedLayers = pruned
    return try TinyModel.plan(path, recipe, to: .single(folder.path("out.gguf")))
  }

  private func metadata(_ plan: RequantizePlan) throws -> Metadata {
    try #require(plan.plan.files.first).metadata
  }

  private func flags(_ plan: RequantizePlan, _ key: String) throws -> [Bool]? {
    try metadata(plan)[key]?.elements?.values().compactMap(\.flag)
  }

  private func list(_ values: [UInt32]) -> MetadataValue {
    .array(MetadataArray(elementType: .uint32, values.map { .uint32($0) }))
  }

  @Test(arguments: [([5], 2), ([4], 2), ([0], 1), ([4, 5], 2), ([0, 1, 3, 5], 0)])
  func `counts of layers follow`(pruned: [Int], dense: Int) throws {
    // Two layers of six predict further tokens; two others have no experts.
    let plan = try plan(
      "glm4moe", layers: 6,
      ["nextn_predict_layers": .uint32(2), "leading_dense_block_count": .uint32(2)],
      without: Set(pruned))
    let keys = try metadata(plan)
    #expect(keys["glm4moe.block_count"]?.integer == 6 - pruned.count)
    #expect(
      keys["glm4moe.nextn_predict_layers"]?.integer == 2 - pruned.count { $0 > 3 })
    #expect(keys["glm4moe.leading_dense_block_count"]?.integer == dense)
    #expect(plan.addedLayerLists.isEmpty)
  }

  /// The first three of five choose experts by the token.
  @Test(arguments: [([0], 2), ([4], 3), ([0, 1, 2], 0), ([2, 3], 2)])
  func `what a DeepSeek 4 counts and lists follows`(pruned: [Int], hashed: Int) throws {
    let ratios: [UInt32] = [0, 0, 4, 128, 4]
    let plan = try plan(
      "deepseek4", layers: 5,
      ["hash_layer_count": .uint32(3), "attention.compress_ratios": list(ratios)],
      without: Set(pruned))
    let keys = try metadata(plan)
    #expect(keys["deepseek4.hash_layer_count"]?.integer == hashed)
    #expect(
      keys["deepseek4.attention.compress_ratios"]?.elements?.integers()
        == ratios.enumerated().filter { !pruned.contains($0.offset) }.map { Int($0.element) })
    #expect(plan.addedLayerLists.isEmpty)
  }

  @Test func `lists of layers lose values, others do not`() throws {
    let plan = try plan(
      "llama", layers: 4,
      [
        "attention.head_count_kv": list([4, 3, 2, 1]),
        "rope.dimension_sections": list([1, 2, 3, 4]),
        "feed_forward_length": list([10, 20, 30, 40]), "xielu.beta": list([5, 6, 7, 8]),
      ], without: [1, 2])
    let keys = try metadata(plan)
    #expect(keys["llama.attention.head_count_kv"]?.elements?.integers() == [4, 1])
    #expect(keys["llama.feed_forward_length"]?.elements?.integers() == [10, 40])
    #expect(keys["xielu.beta"]?.elements?.integers() == [5, 8])
    #expect(keys["llama.rope.dimension_sections"]?.elements?.integers() == [1, 2, 3, 4])
  }

  @Test(arguments: [
    ("gemma2", [String: UInt32](), [0], [false, true, false, true, false]),
    ("gemma2", ["attention.sliding_window_pattern": 3], [2], [true, true, true, true, false]),
    ("gpt-oss", ["attention.sliding_window": 64], [3], [true, false, true, true, false]),
    ("cohere2", ["attention.sliding_window": 9], [3], [true, true, true, true, true]),
    ("laguna", ["attention.sliding_window": 9], [1], [false, true, true, false, true]),
  ])
  func `windows that follow no period any more are listed`(
    architecture: String, keys: [String: UInt32], pruned: [Int], expected: [Bool]
  ) throws {
    let plan = try plan(
      architecture, layers: 6, keys.mapValues { .uint32($0) }, without: Set(pruned))
    let key = "attention.sliding_window_pattern"
    #expect(plan.addedLayerLists == [key])
    #expect(try flags(plan, "\(architecture).\(key)") == expected)
  }

  @Test(arguments: [
    ("gemma2", [0, 1]), ("gemma2", [4, 5]), ("gemma2", [5]), ("gemma2", [2, 3]),
    ("gemma3", [0]), ("llama4", [0, 1, 2, 3]), ("smollm3", [4, 5]), ("qwen35", [0, 1, 2, 3]),
  ])
  func `whole groups need no list`(architecture: String, pruned: [Int]) throws {
    // Without a key, Gemma 3 has no windows.
    let plan = try plan(
      architecture, layers: 6, without: Set(pruned))
    #expect(plan.addedLayerLists.isEmpty)
  }

  @Test func `a list that is there already is cut`() throws {
    let key = "attention.sliding_window_pattern"
    let values = [true, false, false, true].map { MetadataValue.bool($0) }
    let plan = try plan(
      "gemma2", layers: 4, [key: .array(MetadataArray(elementType: .bool, values))], without: [1])
    #expect(try flags(plan, "gemma2.\(key)") == [true, false, true])
    #expect(plan.addedLayerLists.isEmpty)
  }

  @Test func `recurrent layers are listed, those that predict tokens are not among them`() throws {
    let plan = try plan(
      "qwen35", layers: 6,
      ["full_attention_interval": .uint32(2), "nextn_predict_layers": .uint32(1)], without: [0])
    let key = "attention.recurrent_layers"
    #expect(plan.addedLayerLists == [key])
    #expect(try flags(plan, "qwen35.\(key)") == [false, true, false, true, false])
  }

  private static let refusals: [(String, Int, [String: UInt32], [String], [Int], String)] = [
    ("llama4", 8, [:], [], [0], "the rotation depends on a layer's number"),
    ("llama4", 8, [:], [], [0], "leave out whole groups of 4 layers"),
    ("smollm3", 8, [:], [], [2], "layer 3 would become layer 2"),
    ("gemma2", 46, [:], [], [0, 1], "the scale of attention depends on the number of layers"),
    ("exaone4", 64, [:], [], [63], "the sliding window depends on the number of layers"),
    ("rwkv6", 12, ["rescale_every_n_layers": 6], [], [3], "layer 6 would become layer 5"),
    ("qwen3vl", 6, ["n_deepstack_layers": 2], [], [0], "what comes from images"),
    ("llama", 4, ["interleave_moe_layer_step": 2], [], [1], "the kind of feed-forward network"),
    ("glm4moe", 3, ["nextn_predict_layers": 1], [], [0, 1], "only layers that predict"),
    ("no-such-one", 4, [:], [], [1], "the architecture \"no-such-one\""),
    ("t5", 4, [:], ["enc.blk.0.attn_q.weight", "dec.blk.0.attn_q.weight"], [1], "several stacks"),
    ("llama", 4, [:], ["per_layer_token_embd.weight"], [1], "columns of every layer"),
    ("llama", 4, ["attention.odd_layers": 3], [], [1], "the key llama.attention.odd_layers"),
  ]

  @Test(arguments: refusals.indices)
  func `what cannot be carried along is refused`(index: Int) throws {
    let (architecture, layers, keys, tensors, pruned, text) = Self.refusals[index]
    let error = #expect(throws: QuantError.self) {
      try plan(
        architecture, layers: layers, keys.mapValues { .uint32($0) }, tensors: tensors,
        without: Set(pruned))
    }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test func `lists that nobody knows are not guessed at`() throws {
    let error = #expect(throws: QuantError.self) {
      try plan("llama", layers: 4, ["odd": list([1, 2, 3, 4])], without: [1])
    }
    #expect(error?.description.contains("the 4 values of the key llama.odd") == true)
    _ = try plan("llama", layers: 4, ["odd": list([1, 2, 3])], without: [1])
    let short = #expect(throws: QuantError.self) {
      try plan("llama", layers: 4, ["feed_forward_length": list([1, 2, 3])], without: [1])
    }
    #expect(short?.description.contains("expected 4 values, one for each layer") == true)
  }

  @Test func `a projector has no layers to leave out`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("clip")
    model.addWeights("v.blk.0.attn_q.weight", [32, 4], .F32)
    try model.write(to: folder.path("clip.gguf"))
    var recipe = Recipe(preset: nil)
    recipe.prunedLayers = [0]
    let error = #expect(throws: QuantError.self) {
      try TinyModel.plan(folder.path("clip.gguf"), recipe, to: .single(folder.path("out.gguf")))
    }
    #expect(error?.description.contains("says how many layers it has") == true)
  }
}
