// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Keys and tensors that contradict each other (rows S1 to S3 of the survey of bad input).
@Suite("Models held against themselves")
struct ModelValidationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func findings(_ change: (inout ModelFile) -> Void) throws -> [InspectionWarning] {
    var model = TinyLlama().file()
    change(&model)
    try model.write(to: folder.path("model.gguf"))
    return try ModelInspection.open(folder.path("model.gguf")).warnings
  }

  private func expectError(
    _ kind: InspectionWarning.Kind, _ words: String..., change: (inout ModelFile) -> Void
  ) throws {
    let errors = try findings(change).filter { $0.severity == .error }
    #expect(errors.count == 1, "\(errors.map(\.message))")
    #expect(errors.first?.kind == kind)
    for word in words {
      #expect(errors.first?.message.contains(word) == true, "\(errors.map(\.message))")
    }
  }

  @Test(arguments: [true, false]) func `a model that holds together`(_ merged: Bool) throws {
    let model = TinyLlama().file(separatesExperts: !merged)
    try model.write(to: folder.path("model.gguf"))
    let found = try ModelInspection.open(folder.path("model.gguf")).warnings
    #expect(found.map(\.kind) == (merged ? [] : [.splitExperts]))
    #expect(found.allSatisfy { $0.severity == .warning })
  }

  /// Headers of published models, whose data is left out.
  @Test(arguments: [
    "deepseek-v2-lite-Q4_K_M", "deepseek-v2-lite-mha-f16", "gemma2-9b-f16", "gpt-oss-20b",
    "llama33-70b-Q2_K", "mamba-2.8b-f16", "mixtral-8x7b-f16", "qwen3-30b-a3b-Q4_K_M",
    "tanuki-8b-Q6_K", "tanuki-8x8b-f16",
  ])
  func `headers of real models hold together`(_ name: String) throws {
    let path = try folder.write(MemoryFixtures.bytes("\(name).gguf"), "\(name).gguf")
    let found = try ModelInspection.open(path).warnings.filter { $0.kind != .truncated }
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  @Test func `an unknown architecture is not complained of`() throws {
    let found = try findings { $0.metadata["general.architecture"] = .string("martian") }
    #expect(found.allSatisfy { $0.severity == .warning }, "\(found.map(\.message))")
  }

  // MARK: Keys

  @Test(arguments: [
    "block_count", "context_length", "embedding_length", "attention.head_count",
  ])
  func `a key that no loader goes without`(_ name: String) throws {
    try expectError(.keys, "llama.\(name): expected a number, found nothing") {
      $0.metadata["llama.\(name)"] = nil
    }
  }

  @Test func `no architecture`() throws {
    try expectError(.keys, "general.architecture: expected the name") {
      $0.metadata["general.architecture"] = nil
    }
  }

  @Test(arguments: [
    ("general.name", MetadataValue.uint32(1), "a string, found 1, a value of type uint32"),
    ("general.tags", .string("a"), "an array of strings"),
    ("tokenizer.ggml.add_bos_token", .uint8(1), "true or false"),
    ("tokenizer.ggml.unknown_token_id", .float32(1), "a whole number"),
    ("llama.feed_forward_length", .string("24"), "a whole number"),
    ("llama.attention.scale", .bool(true), "a number, found a value of type bool"),
    ("llama.rope.scaling.type", .bool(true), "a string"),
  ])
  func `a value of a type that no program reads`(
    _ key: String, _ value: MetadataValue, _ words: String
  ) throws {
    try expectError(.keys, "\(key): expected \(words)") { $0.metadata[key] = value }
  }

  @Test func `values of other widths, and numbers for each layer, are taken`() throws {
    let found = try findings {
      $0.metadata["llama.context_length"] = .uint64(64)
      $0.metadata["llama.feed_forward_length"] = .array(
        MetadataArray(elementType: .int32, [.int32(24), .int32(24)]))
      $0.metadata["tokenizer.ggml.padding_token_id"] = .uint32(.max)
      $0.metadata["tokenizer.ggml.eot_token_id"] = .int32(-1)
    }
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  @Test(arguments: [MetadataValue.uint32(268), .int32(-2), .uint64(1 << 40)])
  func `a token beyond the vocabulary`(_ token: MetadataValue) throws {
    try expectError(.vocabulary, "bos_token_id: expected a token from 0 to 267") {
      $0.metadata["tokenizer.ggml.bos_token_id"] = token
    }
  }

  // MARK: S1

  @Test(arguments: [0, -1, 65_536, 1 << 32])
  func `S1 block_count that no model has`(_ count: Int) throws {
    try expectError(.layerCount, "llama.block_count: expected a number from 1 to 65535", "\(count)")
    {
      $0.metadata["llama.block_count"] = .int64(Int64(count))
    }
  }

  @Test func `S1 head_count 0`() throws {
    try expectError(
      .heads, "llama.attention.head_count: expected at least one head",
      "\"blk.0.attn_q.weight\", found 0"
    ) {
      $0.metadata["llama.attention.head_count"] = .uint32(0)
    }
  }

  @Test func `S1 head_count_kv 0`() throws {
    try expectError(.heads, "llama.attention.head_count_kv: expected at least one head") {
      $0.metadata["llama.attention.head_count_kv"] = .uint32(0)
    }
  }

  @Test func `S1 head_count_kv 0 in one layer`() throws {
    try expectError(.heads, "\"blk.1.attn_k.weight\", found 0") {
      $0.metadata["llama.attention.head_count_kv"] = .array(
        MetadataArray(elementType: .uint32, [.uint32(2), .uint32(0)]))
    }
  }

  @Test(arguments: ["ssm_a", "time_mix_key.weight", "shortconv.conv.weight"])
  func `no heads in a recurrent layer, which has keys of its own`(_ name: String) throws {
    let found = try findings { model in
      model.metadata["llama.attention.head_count_kv"] = .array(
        MetadataArray(elementType: .uint32, [.uint32(2), .uint32(0)]))
      model.add("blk.1.\(name)", [4], .F32)
    }
    #expect(!found.contains { $0.kind == .heads }, "\(found.map(\.message))")
  }

  @Test func `S1 heads that do not divide`() throws {
    try expectError(.heads, "divides the 4 heads of layer 0, found 3") {
      $0.metadata["llama.attention.head_count_kv"] = .uint32(3)
    }
  }

  @Test func `S1 heads for other layers than there are`() throws {
    try expectError(.heads, "expected 2 numbers", "an array of 1 values of type uint32") {
      $0.metadata["llama.attention.head_count"] = .array(
        MetadataArray(elementType: .uint32, [.uint32(4)]))
    }
  }

  @Test func `S1 expert_count 0 with experts`() throws {
    let found = try findings { $0.metadata["llama.expert_count"] = .uint32(0) }
    #expect(
      found.first?.message
        == "llama.expert_count: expected 4, as layer 0 has experts, found 0")
    #expect(found.first?.severity == .error)
  }

  @Test(arguments: [5, 0, -1]) func `S1 expert_used_count that cannot be`(_ used: Int) throws {
    try expectError(.expertCounts, "llama.expert_used_count: expected 1 to 4, found \(used)") {
      $0.metadata["llama.expert_used_count"] = .int32(Int32(used))
    }
  }

  @Test func `S1 expert_used_count missing`() throws {
    let found = try findings { $0.metadata["llama.expert_used_count"] = nil }
    #expect(found.map(\.kind) == [.expertCounts] && found.map(\.severity) == [.warning])
    #expect(found.first?.message.contains("expected 1 to 4, found nothing") == true)
  }

  @Test func `S1 groups that do not divide the experts`() throws {
    try expectError(.expertCounts, "expert_group_count: expected groups that divide 4 experts", "3")
    {
      $0.metadata["llama.expert_group_count"] = .uint32(3)
    }
  }

  @Test func `S1 more groups used than there are`() throws {
    try expectError(.expertCounts, "expert_group_used_count: expected 1 to 2, found 3") {
      $0.metadata["llama.expert_group_count"] = .uint32(2)
      $0.metadata["llama.expert_group_used_count"] = .uint32(3)
    }
  }

  @Test func `S1 a layer without tensors`() throws {
    try expectError(.layerCount, "tensors of each of the 3 layers, found none of layer 2") {
      $0.metadata["llama.block_count"] = .uint32(3)
    }
  }

  @Test func `S1 a layer beyond the last`() throws {
    try expectError(.layerCount, "expected more than 1", "found 1") {
      $0.metadata["llama.block_count"] = .uint32(1)
    }
  }

  // MARK: S2

  @Test(arguments: [-1, 1]) func `S2 tokens that are not the embedding's rows`(_ more: Int) throws {
    let found = try findings { model in
      let tokens = model.metadata["tokenizer.ggml.tokens"]?.elements?.strings() ?? []
      let changed = more < 0 ? tokens.dropLast() : tokens + ["one more"]
      model.metadata["tokenizer.ggml.tokens"] = .array(MetadataArray(strings: Array(changed)))
    }
    let words = "tokenizer.ggml.tokens: expected 268 tokens, as token_embd.weight has rows, found"
    #expect(found.first?.message == "\(words) \(268 + more)")
    #expect(found.first?.severity == .error && found.first?.kind == .vocabulary)
  }

  @Test func `S2 tokens that are no strings`() throws {
    try expectError(.vocabulary, "tokenizer.ggml.tokens: expected an array of strings", "uint32") {
      $0.metadata["tokenizer.ggml.tokens"] = .uint32(7)
    }
  }

  @Test(arguments: ["scores", "token_type"])
  func `S2 arrays of another length`(_ name: String) throws {
    try expectError(.vocabulary, "tokenizer.ggml.\(name): expected 268", "found 2 values") {
      $0.metadata["tokenizer.ggml.\(name)"] = .array(
        name == "scores"
          ? MetadataArray(elementType: .float32, [.float32(1), .float32(2)])
          : MetadataArray(elementType: .int32, [.int32(1), .int32(2)]))
    }
  }

  @Test(arguments: ["scores", "token_type"])
  func `S2 arrays of another type`(_ name: String) throws {
    try expectError(
      .vocabulary, "tokenizer.ggml.\(name): expected 268", "268 values of type string"
    ) {
      $0.metadata["tokenizer.ggml.\(name)"] = .array(
        MetadataArray(strings: Array(repeating: "x", count: 268)))
    }
  }

  @Test func `S2 a score that is no number`() throws {
    try expectError(.vocabulary, "tokenizer.ggml.scores: expected finite numbers, found nan at 9") {
      let scores = (0..<268).map { MetadataValue.float32($0 == 9 ? .nan : 1) }
      $0.metadata["tokenizer.ggml.scores"] = .array(MetadataArray(elementType: .float32, scores))
    }
  }

  // MARK: S3

  @Test(arguments: [
    ("rope.freq_base", MetadataValue.float32(.nan)), ("rope.freq_base", .float32(.infinity)),
    ("rope.freq_base", .float32(0)), ("context_length", .uint32(0)),
    ("context_length", .float32(9)),
    ("embedding_length", .uint32(0)), ("rope.scaling.factor", .float32(-1)),
    ("rope.scaling.factor", .float64(.infinity)),
    ("attention.layer_norm_rms_epsilon", .float32(.nan)),
    ("attention.layer_norm_rms_epsilon", .float32(-1)),
    (
      "rope.scaling.numbers",
      .array(MetadataArray(elementType: .float32, [.float32(1), .float32(-.infinity)]))
    ),
  ])
  func `S3 numbers that nothing can be computed with`(_ key: String, _ value: MetadataValue) throws
  {
    try expectError(.numbers, "llama.\(key): expected ") { $0.metadata["llama.\(key)"] = value }
  }

  // MARK: Shapes

  @Test(arguments: ["token_embd", "blk.1.attn_q", "blk.0.ffn_down_exps", "output_norm"])
  func `a tensor of another shape than the keys give it`(_ name: String) throws {
    try expectError(.tensors, "tensor \"\(name).weight\": expected", "found 3") { model in
      let place = model.tensors.firstIndex { $0.name == "\(name).weight" } ?? 0
      let old = model.tensors[place]
      // Rows of the embedding are the vocabulary, so its width is changed, as is that of all.
      model.tensors[place].dimensions =
        [old.dimensions[0] == 24 ? 3 : 31] + old.dimensions.dropFirst()
      model.contents[place] = Array(
        repeating: 0, count: 4 * model.tensors[place].dimensions.reduce(1, *))
    }
  }

  @Test func `a tensor that one layer lacks`() throws {
    try expectError(.tensors, "\"blk.1.attn_k.weight\": expected this tensor in ") {
      model in
      let place = model.tensors.firstIndex { $0.name == "blk.1.attn_k.weight" } ?? 0
      model.tensors.remove(at: place)
      model.contents.remove(at: place)
    }
  }
}
