// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Models that do not hold together") struct ModelErrorTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  private func complaint(_ change: (inout ModelFile) -> Void) throws -> String {
    var file = model.file()
    change(&file)
    return try testing.complaint(file)
  }

  @Test(arguments: [("mamba3", "mamba"), ("qwen-3-moe", "qwen3moe"), ("zzz", nil)])
  func `an architecture that is not known is named, with the nearest that is`(
    _ name: String, _ nearest: String?
  ) throws {
    let message = try complaint {
      $0.metadata["general.architecture"] = .string(MetadataString(name))
    }
    let count = ArchitectureRegistry.names.count
    #expect(
      message.hasPrefix(
        "tiny.gguf: expected one of the \(count) architectures that Docs/Evaluation.md lists, found"
          + " \"\(name)\"; the nearest is \""))
    let named = try #require(message.split(separator: "\"").last).description
    #expect(ArchitectureRegistry.names.contains(named))
    if let nearest { #expect(named == nearest) }
    #expect(
      try complaint { $0.metadata["general.architecture"] = nil }
        == "tiny.gguf: expected the key general.architecture, found none")
  }

  @Test(arguments: [
    "embedding_length", "block_count", "attention.head_count", "attention.layer_norm_rms_epsilon",
  ])
  func `a key that is missing is named`(_ key: String) throws {
    #expect(
      try complaint { $0.metadata["llama.\(key)"] = nil }
        == "tiny.gguf: expected the key llama.\(key), found none")
  }

  @Test func `every tensor that is missing is named`() throws {
    for (place, tensor) in model.file().tensors.enumerated() where tensor.name != "output.weight" {
      let message = try complaint { file in
        file.contents.remove(at: place)
        file.tensors.remove(at: place)
      }
      #expect(message == "tensor \"\(tensor.name)\": expected this tensor in tiny.gguf, found none")
    }
  }

  @Test func `every tensor of a wrong shape is named`() throws {
    for place in model.file().tensors.indices {
      var name = ""
      let message = try complaint { file in
        let old = file.tensors[place]
        name = old.name
        // Longer rows are wrong everywhere; other numbers of rows make another vocabulary.
        let dimensions = [old.dimensions[0] + 1] + old.dimensions.dropFirst()
        file.tensors[place] = TensorDescription(name: name, dimensions: dimensions, type: .F32)
        file.contents[place] = Array(repeating: 0, count: 4 * dimensions.reduce(1, *))
      }
      #expect(message.contains("\"\(name)\": expected "), "\(message)")
      #expect(message.contains(" x ") || name.contains("norm"), "\(message)")
    }
  }

  @Test(arguments: [
    ("attention.head_count", 0, "llama.attention.head_count: expected a number from 1 to 65535"),
    ("attention.head_count_kv", 3, "expected a number of heads that 3 key and value heads divide"),
    ("attention.head_count_kv", 0, "llama.attention.head_count: expected heads in layer 0"),
    ("attention.head_count", 64, "attention.key_length"),
    ("attention.key_length", 0, "llama.attention.key_length: expected a number from 1"),
    ("expert_used_count", 5, "llama.expert_used_count: expected a number from 0 to 4, found 5"),
    ("expert_used_count", 0, "llama.expert_used_count: expected a number from 1 to 4, found 0"),
    ("rope.dimension_count", 3, "llama.rope.dimension_count: expected an even number, found 3"),
    ("rope.dimension_count", 10, "llama.rope.dimension_count: expected a number from 0 to 8"),
    ("block_count", 0, "llama.block_count: expected a number from 1 to 65535, found 0"),
    ("block_count", 3, "tensor \"blk.2.attn_q.weight\": expected this tensor in"),
    ("nextn_predict_layers", 2, "llama.nextn_predict_layers: expected a number from 0 to 1"),
    ("embedding_length", 1 << 30, "llama.embedding_length: expected a number from 1 to 1048576"),
    ("embedding_length", 0, "llama.embedding_length: expected a number from 1 to 1048576, found 0"),
    ("feed_forward_length", 25, "\"blk.0.ffn_down_exps.weight\": expected 25 x 32 x 4"),
    ("expert_count", 5, "\"blk.0.ffn_gate_inp.weight\": expected 32 x 5, found 32 x 4"),
    ("rope.freq_base", 0, "llama.rope.freq_base: expected a positive number, found 0"),
    ("rope.freq_base", -1, "llama.rope.freq_base: expected a positive number, found -1"),
  ])
  func `a number that makes no sense is named`(
    _ key: String, _ number: Int, _ words: String
  ) throws {
    let message = try complaint { $0.metadata["llama.\(key)"] = .int64(Int64(number)) }
    #expect(message.contains(words), "\(message)")
    #expect(message.count < 200 && !message.contains("\n"))
  }

  @Test func `values of a wrong type, or no numbers, are named`() throws {
    let wrong: [(String, MetadataValue, String)] = [
      (
        "block_count", .string("two"),
        "expected a number from 1 to 65535, found a value of type string"
      ),
      ("block_count", .float32(2.5), "expected a number from 1 to 65535, found 2.5"),
      ("block_count", .uint64(.max), "expected a number from 1 to 65535, found"),
      ("rope.freq_base", .float32(.nan), "expected a finite number, found nan"),
      ("rope.freq_base", .float64(1e300), "expected a finite number, found 1e+300"),
      ("attention.layer_norm_rms_epsilon", .float32(.infinity), "expected a finite number"),
      (
        "attention.head_count", .array(MetadataArray(elementType: .uint32, [.uint32(4)])),
        "expected 2 numbers from 0 to 65535, found an array of 1"
      ),
      (
        "feed_forward_length", .array(MetadataArray(strings: ["24", "24"])),
        "expected 2 numbers from 0 to 268435456, found an array of 2"
      ),
    ]
    for (key, value, words) in wrong {
      let message = try complaint { $0.metadata["llama.\(key)"] = value }
      #expect(message.contains("llama.\(key): \(words)"), "\(message)")
    }
  }

  @Test func `a number for each layer is as good as one for all`() throws {
    let numbers = MetadataArray(elementType: .uint32, [.uint32(4), .uint32(4)])
    #expect(try complaint { $0.metadata["llama.attention.head_count"] = .array(numbers) } == "")
  }
}
