import Foundation
import GGUF
import TestSupport
import Testing

/// What `--override-kv` may not write.
@Suite("Overrides") struct OverrideTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try TinyLlama().file().write(to: folder.path("in.gguf"))
  }

  @Test(arguments: [
    ("tokenizer.ggml.tokens=str:x", "expected an array of strings"),
    ("tokenizer.ggml.merges=str:x", "expected an array of strings"),
    ("tokenizer.ggml.add_eos_token=int:1", "expected true or false"),
    ("tokenizer.ggml.eos_token_id=int:999", "expected a token from 0 to 267"),
    ("tokenizer.ggml.eos_token_id=bool:true", "expected a whole number"),
    ("tokenizer.chat_template=int:1", "expected a string"),
    ("general.name=int:5", "expected a string"),
    ("general.architecture=str:qwen3", "qwen3."),
    ("general.file_type=str:F16", "expected a whole number"),
    ("llama.context_length=str:abc", "expected a number from 1 on"),
    ("llama.attention.head_count=int:-1", "expected a number from 0"),
    ("llama.expert_used_count=int:99", "expected 1 to 4"),
    ("llama.expert_used_count=str:three", "expected 1 to 4"),
    ("llama.rope.freq_base=str:x", "expected a positive number"),
    ("llama.rope.scaling.type=int:1", "expected a string"),
    ("llama.feed_forward_length=float:2.5", "expected a whole number"),
    ("own=float:1e999", "own: expected a finite number of 32 bits, found \"1e999\""),
    ("own=float:nan", "own: expected a finite number of 32 bits, found \"nan\""),
    ("own=int:1.5", "own: expected a whole number, found \"1.5\""),
    ("own=bool:maybe", "own: expected true or false, found \"maybe\""),
    ("own=u8:1", "expected KEY=int:N"),
  ])
  func `an impossible value is refused, and nothing is written`(
    _ override: String, _ reason: String
  ) throws {
    let run = try Tool.run(
      [
        "requantize", folder.path("in.gguf"), folder.path("out.gguf"), "--type", "COPY",
        "--override-kv", override,
      ])
    #expect(run.status == 64)
    #expect(run.errors.contains("--override-kv: ") && run.errors.contains(reason), "\(run.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["in.gguf"])
  }

  @Test(arguments: [
    "general.name=str:x", "llama.context_length=int:128", "tokenizer.ggml.add_bos_token=bool:true",
    "llama.rope.freq_base=int:500", "own.key=str:x",
    "tokenizer.ggml.padding_token_id=int:4294967295",
  ])
  func `a possible value is written`(_ override: String) throws {
    let out = folder.path("out.gguf")
    let run = try Tool.run(
      ["requantize", folder.path("in.gguf"), out, "--type", "COPY", "--override-kv", override])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Tool.run(["verify", out]).status == 0)
  }

  /// The source has a fault already, which a change elsewhere does not make worse.
  @Test func `a fault of the source is no reason to refuse`() throws {
    var model = TinyLlama().file()
    model.metadata["llama.context_length"] = nil
    try model.write(to: folder.path("in.gguf"))
    let run = try Tool.run(
      [
        "requantize", folder.path("in.gguf"), folder.path("out.gguf"), "--type", "COPY",
        "--override-kv", "general.name=str:x",
      ])
    #expect(run.status == 0, "\(run.errors)")
  }
}
