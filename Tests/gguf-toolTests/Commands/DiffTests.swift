import Foundation
import GGUF
import TestSupport
import Testing

/// `diff` as users run it.
@Suite("diff") struct DiffTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try TinyLlama().file().write(to: folder.path("a.gguf"))
  }

  private func diff(
    _ words: String..., change: (inout ModelFile) -> Void
  ) throws -> Tool.Outcome {
    var model = TinyLlama().file()
    change(&model)
    try model.write(to: folder.path("b.gguf"))
    return try Tool.run(["diff", "a.gguf", "b.gguf"] + words, in: folder.url)
  }

  @Test func `models that are the same, with room in one of them`() throws {
    let run = try diff { $0.metadata = $0.metadata.withHeaderRoom(500) }
    #expect(run.status == 0 && run.output.contains("no differences"), "\(run.output)\(run.errors)")
  }

  @Test func `keys, lists and templates`() throws {
    let run = try diff {
      $0.metadata["general.name"] = nil
      $0.metadata["general.license"] = .string("mit")
      $0.metadata["llama.context_length"] = .uint64(64)
      $0.metadata["tokenizer.chat_template"] = .string("one\ntwo")
      $0.metadata["tokenizer.ggml.scores"] = .array(
        MetadataArray(elementType: .float32, (0..<268).map { .float32($0 == 9 ? 3 : -Float($0)) }))
    }
    #expect(run.status == 1)
    for line in [
      "5 keys differ", "- general.name: string \"tiny\"", "+ general.license: string \"mit\"",
      "~ llama.context_length: uint32 64 → uint64 64", "268 elements, 1 of 268 differ",
      "[9] -9.0 → 3.0",
    ] {
      #expect(run.output.contains(line), "\(run.output)")
    }
  }

  @Test func `tensors by name, shape, type and bytes`() throws {
    let run = try diff("--json") {
      $0.tensors[0].name = "other"
      $0.tensors[1].dimensions = [16, 2]
      $0.contents[2][5] ^= 1
      $0.tensors[3].type = .I32
    }
    #expect(run.status == 1, "\(run.errors)")
    struct Result: Decodable {
      struct Tensor: Decodable { let name: String, kind: String }
      let tensors: [Tensor]
      let is_same: Bool
    }
    let result = try JSONDecoder().decode(Result.self, from: Data(run.output.utf8))
    #expect(!result.is_same)
    #expect(result.tensors.map(\.kind) == ["removed", "shape", "bytes", "type", "added"])
    #expect(result.tensors.map(\.name).first == "token_embd.weight")
    let text = try Tool.run(["diff", "a.gguf", "b.gguf"], in: folder.url)
    for line in ["- token_embd.weight: 32 × 268 F32, 33.50 KiB", " → I32, "] {
      #expect(text.output.contains(line), "\(text.output)")
    }
  }

  @Test func `headers alone`() throws {
    let run = try diff("--no-data") { $0.contents[2][5] ^= 1 }
    #expect(run.status == 0 && run.output.contains("no differences in headers"))
    #expect(try diff("--no-data", "--weights") { _ in }.status == 64)
  }

  @Test func `a failure is told from a difference`() throws {
    for words in [["a.gguf", "missing.gguf"], [".", "a.gguf"]] {
      let run = try Tool.run(["diff"] + words, in: folder.url)
      #expect(run.status == 2 && run.output.isEmpty, "\(run)")
      #expect(run.errors.hasPrefix("Error: ") && run.errors.count { $0 == "\n" } == 1)
    }
    #expect(try Tool.run(["diff", "a.gguf"], in: folder.url).status == 64)
    #expect(try Tool.run(["verify", "missing.gguf"], in: folder.url).status == 1)
  }

  @Test func `weights are measured as verify --against does`() throws {
    let run = try diff("--weights") { $0.contents[2][5] ^= 1 }
    #expect(run.status == 1)
    #expect(
      run.output.contains("1 tensor differs") && run.output.contains("Difference from a.gguf"))
  }

  @Test func `verify --against tells of keys, which are no fault`() throws {
    _ = try diff { $0.metadata["llama.context_length"] = .uint32(128) }
    let words = ["verify", "b.gguf", "--against", "a.gguf"]
    let run = try Tool.run(words, in: folder.url)
    #expect(run.status == 0 && run.output.contains("~ llama.context_length: 64 → 128"))
    let json = try Tool.run(words + ["--json"], in: folder.url)
    #expect(json.output.contains("\"llama.context_length\""))
  }
}
