// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool inspect --key") struct InspectKeyTests {
  private let folder: TemporaryFolder
  private static let template =
    "{% for message in messages %}\n\t{{ message.content }} \"é\"\r\n{% endfor %}\n\n"

  init() throws {
    folder = try TemporaryFolder()
    var model = TinyLlama().file()
    model.metadata["tokenizer.chat_template"] = .string(MetadataString(Self.template))
    model.metadata["tokenizer.ggml.suppress_tokens"] = .array(
      MetadataArray(elementType: .int32, [0, 2, 9999].map { .int32($0) }))
    model.metadata["own.lines"] = .array(MetadataArray(strings: ["a", "b\nc"]))
    model.metadata["own.lists"] = .array(
      MetadataArray(elementType: .array, [.array(MetadataArray(strings: ["a"]))]))
    model.metadata["own.number"] = .float64(0.1)
    model.metadata["own.flags"] = .array(
      MetadataArray(elementType: .bool, [.bool(true), .bool(false)]))
    model.metadata["own.text"] = .string(MetadataString(String(repeating: "word ", count: 1000)))
    try model.write(to: folder.path("m.gguf"))
  }

  private func inspect(_ words: String...) throws -> Tool.Outcome {
    try Tool.run(["inspect", "m.gguf"] + words, in: folder.url)
  }

  private func entry(_ key: String, _ words: String...) throws -> [String: Any] {
    let outcome = try Tool.run(["inspect", "m.gguf", "--json"] + words, in: folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let metadata = (object as? [String: Any])?["metadata"] as? [String: [String: Any]]
    return try #require(metadata?[key])
  }

  /// Writes the value of a key to a file.
  private func raw(_ key: String, to name: String) throws {
    try Data().write(to: folder.file(name))
    let process = try Tool.start(
      ["inspect", "m.gguf", "--key", key, "--raw"], in: folder.url,
      output: FileHandle(forWritingTo: folder.file(name)))
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
  }

  // MARK: --raw

  @Test func `a text comes to the byte, and goes back by edit`() throws {
    try raw("tokenizer.chat_template", to: "template")
    #expect(try Data(contentsOf: folder.file("template")) == Data(Self.template.utf8))
    let edited = try Tool.run(
      [
        "edit", "m.gguf", "-o", "new.gguf", "--set-from-file", "tokenizer.chat_template=template",
        "--set", "general.name=new",
      ], in: folder.url)
    #expect(edited.status == 0, "\(edited.errors)")
    let value = try GGUFFile.open(folder.path("new.gguf")).metadata["tokenizer.chat_template"]
    #expect(value == .string(MetadataString(Self.template)))
  }

  @Test func `bytes that are no text come as they are`() throws {
    let bytes: [UInt8] = [0xFF, 0x0A, 0x1B, 0x00, 0xC3]
    var model = ModelFile()
    model.metadata["general.name"] = .string(MetadataString(bytes: bytes))
    try model.write(to: folder.path("m.gguf"))
    try raw("general.name", to: "name")
    #expect(try Data(contentsOf: folder.file("name")) == Data(bytes))
  }

  @Test(arguments: ["tokenizer.ggml.tokens", "tokenizer.ggml.scores", "own.flags"])
  func `a list comes as lines, and goes back by edit`(key: String) throws {
    try raw(key, to: "list")
    let before = try #require(GGUFFile.open(folder.path("m.gguf")).metadata[key])
    let lines = try String(contentsOf: folder.file("list"), encoding: .utf8)
    #expect(lines.split(separator: "\n").count == before.elements?.count)
    let edited = try Tool.run(
      [
        "edit", "m.gguf", "-o", "new.gguf", "--set-from-file", "\(key)[]=list", "--set",
        "general.name=new",
      ], in: folder.url)
    #expect(edited.status == 0, "\(edited.errors)")
    #expect(try GGUFFile.open(folder.path("new.gguf")).metadata[key] == before)
  }

  @Test func `numbers come plainly`() throws {
    #expect(try inspect("--key", "llama.context_length", "--raw").output == "64")
    #expect(try inspect("--key", "own.number", "--raw").output == "0.1")
    #expect(try inspect("--key", "own.flags", "--raw").output == "true\nfalse\n")
    #expect(try inspect("--key", "tokenizer.ggml.eos*", "--raw").output == "2")
  }

  @Test(arguments: [
    ("own.lines", "element 1 has a line end"), ("own.lists", "elements are lists"),
  ])
  func `lists that have no lines are refused`(key: String, message: String) throws {
    let outcome = try inspect("--key", key, "--raw")
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("m.gguf: \(key)") && outcome.errors.contains(message))
    #expect(outcome.errors.contains("--json"))
  }

  @Test(arguments: [
    (["--raw"], "expected one file and one --key"),
    (["--raw", "--key", "general.name", "--json"], "expected one file and one --key"),
    (["--raw", "--key", "general.name", "m.gguf"], "expected one file and one --key"),
    (["--raw", "--key", "general.name", "--key", "own.number"], "expected one file and one --key"),
    (["--raw", "--key", "own.*"], "expected one key, found 5"),
    (["--key", "general.name", "--tensors"], "--key shows nothing but keys"),
    (["--key", "general.name", "--tensor", "a"], "--key shows nothing but keys"),
  ])
  func `what does not go together is refused`(words: [String], message: String) throws {
    let outcome = try Tool.run(["inspect", "m.gguf"] + words, in: folder.url)
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  // MARK: --key alone

  @Test func `a key is shown whole`() throws {
    let outcome = try inspect("--key", "own.text", "--key", "tokenizer.ggml.tokens")
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("Metadata\n") && !outcome.output.contains("general.name"))
    #expect(outcome.output.contains(String(repeating: "word ", count: 1000).dropLast()))
    #expect(outcome.output.contains("\"▁ab\""))
    let tokens = try entry("tokenizer.ggml.tokens", "--key", "tokenizer.ggml.tokens")
    #expect((tokens["values"] as? [String])?.count == tokens["count"] as? Int)
    #expect(tokens["is_shortened"] == nil)
  }

  @Test(arguments: [
    ("tokenizer.chat_templat", "did you mean tokenizer.chat_template?"),
    ("eos_token_id", "did you mean tokenizer.ggml.eos_token_id?"),
    ("zzzz.*", "--metadata shows all"),
  ])
  func `a key that is not there is an error with what is near`(key: String, near: String) throws {
    for words in [["--key", key], ["--key", key, "--raw"], ["--key", key, "--json"]] {
      let outcome = try Tool.run(["inspect", "m.gguf"] + words, in: folder.url)
      #expect(outcome.status == 1 && outcome.output.isEmpty)
      #expect(outcome.errors.contains("m.gguf: there is no key \"\(key)\""))
      #expect(outcome.errors.contains(near), "\(outcome.errors)")
    }
  }

  // MARK: Tokens

  @Test func `tokens are named beside their numbers`() throws {
    let output = try inspect("--metadata").output
    #expect(output.contains(#/tokenizer\.ggml\.eos_token_id +2 "<\/s>"\n/#))
    #expect(output.contains(#"3 × int32: 0 "<unk>", 2 "</s>", 9999"#))
    #expect(try entry("tokenizer.ggml.bos_token_id")["token"] as? String == "<s>")
    let list = try #require(entry("tokenizer.ggml.suppress_tokens")["tokens"] as? [Any])
    #expect(list.map { $0 as? String } == ["<unk>", "</s>", nil])
  }

  // MARK: What is shortened

  @Test func `what is shortened says so, and how to get all`() throws {
    let output = try inspect("--metadata").output
    #expect(output.contains("(5,000 characters; inspect --key NAME shows all)"))
    #expect(output.contains(#"{% endfor %}\n\n"#), "short enough to be whole, on one line")
    let tokens = try entry("tokenizer.ggml.tokens")
    #expect(tokens["is_shortened"] as? Bool == true)
    #expect((tokens["values"] as? [String])?.count == 64 && tokens["count"] as? Int == 268)
    let command = try #require(tokens["whole_from"] as? String)
    #expect(command == "gguf-tool inspect FILE --key tokenizer.ggml.tokens --json")
    #expect(try entry("own.text")["is_shortened"] == nil)
  }

  @Test func `room in the header is a size`() throws {
    let edited = try Tool.run(["edit", "m.gguf", "--header-room", "64KiB"], in: folder.url)
    #expect(edited.status == 0, "\(edited.errors)")
    let key = "gguf_tool.header_room"
    for words in [[], ["--full"], ["--key", key]] {
      let shown = try Tool.run(["inspect", "m.gguf", "--json"] + words, in: folder.url).output
      #expect(!shown.contains(String(repeating: " ", count: 200)))
    }
    let room = try entry(key)
    let bytes = try #require(room["room_bytes"] as? Int)
    #expect(abs(bytes - 65536) <= 4096 && room["is_shortened"] as? Bool == true)
    #expect(try inspect("--key", key).output.contains("for later edits"))
    #expect(try inspect("--key", key, "--raw").output.utf8.count == bytes)
  }
}
