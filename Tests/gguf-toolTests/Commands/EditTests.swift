import Foundation
import GGUF
import TestSupport
import Testing

/// `edit` as users run it.
@Suite("edit") struct EditTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
    try TinyLlama().file().write(to: path)
  }

  private func edit(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["edit", path] + arguments)
  }

  private var metadata: Metadata { get throws { try GGUFFile.open(path).metadata } }

  // MARK: Changes

  @Test func `a key keeps its type, and another file stays`() throws {
    let before = try LocalFile.contents(of: path)
    let run = try edit("--set", "llama.context_length=128", "-o", folder.path("out.gguf"))
    #expect(run.status == 0, "\(run.errors)")
    #expect(try LocalFile.contents(of: path) == before)
    let after = try GGUFFile.open(folder.path("out.gguf"))
    #expect(after.metadata["llama.context_length"] == .uint32(128))
    #expect(try Tool.run(["verify", folder.path("out.gguf")]).status == 0)
  }

  @Test func `all kinds of changes at once, in the order that help tells`() throws {
    _ = try folder.write(Array("\u{FEFF}line 1\nline 2\n".utf8), "template")
    _ = try folder.write(Array("de\nen, fr\n".utf8), "languages")
    var other = ModelFile()
    other.metadata["general.license"] = .string("mit")
    other.metadata["general.tags"] = .array(MetadataArray(strings: ["a", "b", "c"]))
    try other.write(to: folder.path("other.gguf"))
    let run = try edit(
      "--copy-from", folder.path("other.gguf"), "general.license", "general.t*",
      "--delete", "general.name", "--rename", "general.license=general.license.name",
      "--set-from-file", "tokenizer.chat_template=\(folder.path("template"))",
      "--set-from-file", "general.languages[]=\(folder.path("languages"))",
      "--set", "general.tags[1]=x,y", "--set", #"general.tags[]+=d\,e,f"#,
      "--set", "own.number:i64=-5", "--rename-tensor", "output_norm.weight=output_norm.other",
      "--json")
    #expect(run.status == 1, "without output_norm.weight the model cannot be evaluated")
    let again = try edit(
      "--copy-from", folder.path("other.gguf"), "general.license", "general.t*",
      "--delete", "general.name", "--rename", "general.license=general.license.name",
      "--set-from-file", "tokenizer.chat_template=\(folder.path("template"))",
      "--set-from-file", "general.languages[]=\(folder.path("languages"))",
      "--set", "general.tags[1]=x,y", "--set", #"general.tags[]+=d\,e,f"#,
      "--set", "own.number:i64=-5", "--json")
    #expect(again.status == 0, "\(again.errors)")
    let after = try metadata
    #expect(after["general.name"] == nil && after["general.license"] == nil)
    #expect(after["general.license.name"] == .string("mit"))
    #expect(after["tokenizer.chat_template"] == .string("\u{FEFF}line 1\nline 2\n"))
    #expect(after["general.languages"]?.elements?.strings() == ["de", "en, fr"])
    #expect(after["general.tags"]?.elements?.strings() == ["a", "x,y", "c", "d,e", "f"])
    #expect(after["own.number"] == .int64(-5))
    let json = try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any]
    #expect(json?["written"] as? String == "file")
  }

  @Test func `a dry run shows the difference and writes nothing`() throws {
    #expect(try edit("--set", "tokenizer.chat_template=a\nb\nc").status == 0)
    let before = try LocalFile.contents(of: path)
    let run = try edit(
      "--set", "tokenizer.chat_template=a\nx\nc", "--set", "llama.context_length=128", "--dry-run",
      "--set", "tokenizer.ggml.scores[5]=0.5", "--delete", "general.name")
    #expect(run.status == 0, "\(run.errors)")
    for line in [
      "- general.name: string \"tiny\"", "~ llama.context_length: 64 → 128", "    -b", "    +x",
      "[5] -5.0 → 0.5", "1 of 268 differ",
    ] {
      #expect(run.output.contains(line), "\(run.output)")
    }
    #expect(try LocalFile.contents(of: path) == before)
  }

  @Test(arguments: [
    (["--set", "llama.attention.head_count=-1"], "expected a value of type uint32"),
    (["--set", "llama.attention.head_count:i32=-1"], "expected a number from 0"),
    (["--set", "llama.expert_used_count=99"], "expected 1 to 4"),
    (["--set", "tokenizer.ggml.tokens:str=x"], "expected tokenizer.ggml.tokens[]="),
    (["--set", "tokenizer.ggml.tokens[]+=x"], "expected 268 tokens"),
    (["--set", "tokenizer.ggml.tokens[268]=x"], "expected an element from 0 to 267, found 268"),
    (["--set", "own[]:str=", "--set", "own[0]=x"], "own: the list is empty"),
    (["--set", "tokenizer.ggml.bos_token_id=268"], "expected a token from 0 to 267"),
    (["--set", "general.name:u32=5"], "general.name: expected a string"),
    (["--set", "general.architecture=qwen3"], "qwen3."),
    (["--delete", "llama.block_count"], "llama.block_count: expected a number, found nothing"),
    (["--delete", "general.architecture"], "general.architecture: expected"),
    (["--delete", "missing"], "expected the key missing"),
    (["--delete", "general.nmae"], "found none (did you mean general.name?)"),
    (["--set", "general.nmae=x"], "no such key (did you mean general.name?), so that its type"),
    (["--rename-tensor", "ouput.weight=x"], "found none (did you mean output.weight?)"),
    (["--set", "tokenizer.ggml.add_bos_token:bool=yes"], "expected true or false, found \"yes\""),
    (["--rename", "general.name=llama.block_count"], "found a key of this name"),
    (["--rename", "general.*=general.other"], "expected the key general.*"),
    (["--set", "own:f32=1e39"], "expected a value of type float32"),
    (["--set", "general.alignment=64"], "how the file is laid out"),
    (["--set", "split.count:u16=2"], "how the file is laid out"),
    (["--set", "new=5"], "its type must be given"),
    (["--rename-tensor", "missing=x"], "expected a tensor \"missing\""),
    (["--rename-tensor", "output.weight=token_embd.weight"], "would appear twice"),
    (["--set", "llama.rope.freq_base=nan"], "finite"),
  ])
  func `what would make the model faulty is refused`(_ words: [String], _ reason: String) throws {
    let before = try LocalFile.contents(of: path)
    let run = try Tool.run(["edit", path] + words)
    #expect(run.status == 1)
    #expect(run.errors.contains(reason), "\(run.errors)")
    #expect(try LocalFile.contents(of: path) == before)
  }

  @Test(arguments: [
    [], ["--set", "x"], ["--set", "a:u33=5"], ["--set", "a[x]=5"], ["--rename", "a"],
    ["--rename-tensor", "a="], ["--copy-from", "other.gguf"], ["--header-room", "x"],
    ["--header-room", "1TiB"], ["--set", "general.name=str:x"], ["--set", "own[0]=int:5"],
  ])
  func `wrong arguments`(_ words: [String]) throws {
    #expect(try Tool.run(["edit", path] + words).status == 64)
  }

  @Test func `a model that is faulty can be put right`() throws {
    var model = TinyLlama().file()
    model.metadata["tokenizer.ggml.add_bos_token"] = .uint32(1)
    model.metadata["llama.context_length"] = nil
    try model.write(to: path)
    #expect(try Tool.run(["verify", path]).status == 1)
    #expect(try edit("--set", "tokenizer.ggml.add_bos_token=true").status == 0)
    #expect(try edit("--set", "llama.context_length=64").status == 0)
    #expect(try Tool.run(["verify", path]).status == 0)
  }

  @Test func `what is copied is neither replaced nor the layout of a file`() throws {
    let other = folder.path("other.gguf")
    var model = TinyLlama().file()
    model.metadata["general.alignment"] = .uint32(32)
    try model.write(to: other)
    let over = try edit("--copy-from", other, "general.name", "-o", other)
    #expect(over.status == 1 && over.errors.contains("its own source"), "\(over.errors)")
    let layout = try edit("--copy-from", other, "general.alignment")
    #expect(layout.status == 1 && layout.errors.contains("how the file is laid out"))
    #expect(try edit("--copy-from", other, "general.*").status == 0)
    #expect(try metadata["general.alignment"] == nil)
  }

  @Test func `a shape that comes to light is no new fault`() throws {
    var model = TinyLlama().file()
    model.metadata["llama.feed_forward_length"] = .uint32(77)
    model.metadata["tokenizer.ggml.add_bos_token"] = .uint32(1)
    try model.write(to: path)
    let run = try edit("--set", "tokenizer.ggml.add_bos_token=true")
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Tool.run(["verify", path]).status == 1)
  }

  @Test func `requantize leaves room, and drops the room of its source`() throws {
    let out = folder.path("out.gguf")
    let words = ["requantize", path, out, "--type", "COPY"]
    #expect(try Tool.run(words + ["--header-room", "64KiB"]).status == 0)
    #expect(try GGUFFile.open(out).metadata.headerRoom == 64 << 10)
    let run = try Tool.run(["edit", out, "--set", "general.name=Another name", "--json"])
    #expect(run.output.contains("\"written\" : \"header\""))
    #expect(try Tool.run(["requantize", out, path, "--type", "COPY"]).status == 0)
    #expect(try metadata.headerRoom == nil && metadata["general.name"]?.text == "Another name")
  }

  @Test func `in a split model the first file changes alone`() throws {
    let out = folder.path("split.gguf")
    #expect(
      try Tool.run(["requantize", path, out, "--type", "COPY", "--split-max-tensors", "9"]).status
        == 0)
    let shards = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.hasPrefix("split-") }.sorted().map(folder.path)
    let before = try shards.map { try LocalFile.contents(of: $0) }
    let run = try Tool.run(["edit", shards[1], "--set", "general.name=parts"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try GGUFFile.open(shards[0]).metadata["general.name"] == .string("parts"))
    let after = try shards.map { try LocalFile.contents(of: $0) }
    #expect(after[0] != before[0] && after.dropFirst() == before.dropFirst())
    #expect(
      try Tool.run(["edit", shards[0], "--set", "general.name=x", "-o", out]).status == 64)
  }

  // MARK: Size

  /// A text of 9000 letters, and one word of as many as large vocabularies have.
  @Test(
    .enabled(if: Python.canImport("json"), "needs python3"),
    arguments: ["general.name=\(String(repeating: "x", count: 9000))", "own.words[5]=x"])
  func `40 GB are edited in place in an instant`(_ change: String) throws {
    var model = TinyLlama().file()
    var words = (0..<128_000).map { "word \($0)" }
    model.metadata["own.words"] = .array(MetadataArray(strings: words))
    model.metadata = model.metadata.withHeaderRoom(1 << 20)
    let size = 40_000_000_000
    model.tensors.append(TensorDescription(name: "blk.1.big.weight", dimensions: [size], type: .I8))
    let layout = try GGUFLayout(path: path, metadata: model.metadata, tensors: model.tensors)
    _ = try folder.write(layout.header)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: UInt64(layout.byteCount))
    try handle.close()
    // A second name forbids the ways that copy.
    try FileManager.default.linkItem(atPath: path, toPath: folder.path("other"))
    struct Cost: Decodable { let seconds: Double, memory_bytes: Int, status: Int }
    let cost = try JSONDecoder().decode(
      Cost.self,
      from: Python.run("measure_command.py", Tool.url.path, "edit", path, "--set", change))
    #expect(cost.status == 0)
    #expect(Sanitizer.isOn || cost.memory_bytes < 64 << 20, "\(cost)")
    // Twice the time that it must take: other tests run beside it.
    #expect(Sanitizer.isOn || cost.seconds < 1, "\(cost)")
    let after = try GGUFFile.open(path)
    #expect(after.byteCount == layout.byteCount && after.metadata != model.metadata)
    if change.hasPrefix("own") { words[5] = "x" }
    #expect(after.metadata["own.words"]?.elements?.strings() == words)
  }
}
