// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool inspect of several files") struct InspectFilesTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try TinyLlama().file().write(to: folder.path("a.gguf"))
    var other = ModelFile()
    other.metadata["general.architecture"] = .string("qwen2")
    other.metadata["qwen2.block_count"] = .uint32(7)
    other.add("token_embd.weight", [32, 4], .Q8_0)
    try other.write(to: folder.path("b.gguf"))
  }

  private func inspect(_ words: String...) throws -> Tool.Outcome {
    try Tool.run(["inspect"] + words, in: folder.url)
  }

  private func files(_ words: String...) throws -> [[String: Any]] {
    let output = try Tool.run(["inspect", "--json"] + words, in: folder.url).output
    let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    return try #require(object?["files"] as? [[String: Any]])
  }

  @Test func `models stand side by side`() throws {
    let outcome = try inspect("a.gguf", "b.gguf")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("Files\n  1  a.gguf\n  2  b.gguf\n\nModels\n"))
    for row in [
      #/ architecture +llama +qwen2\n/#, #/ layers +2 +7\n/#, #/ experts +4 +–\n/#,
      #/ context +64 +–\n/#, #/ vocabulary +268 +–\n/#, #/ bits\/weight +32\.00 +8\.50\n/#,
      #/ Q8_0 +– +1, 136 bytes\n/#, #/ F32 +\d+, \d+\.\d\d KiB +–\n/#,
    ] {
      #expect(outcome.output.contains(row), "\(outcome.output)")
    }
  }

  @Test func `a table has as many columns as a line has room for`() throws {
    let names = (1...12).map { "\($0).gguf" }
    for name in names { try TinyLlama().file().write(to: folder.path(name)) }
    let outcome = try Tool.run(["inspect"] + names, in: folder.url)
    #expect(outcome.status == 0)
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(outcome.output.contains("\nModels 1 to ") && outcome.output.contains(" to 12\n"))
    #expect(!outcome.output.contains("…"))
  }

  @Test func `JSON has what each file alone has`() throws {
    let both = try files("a.gguf", "b.gguf")
    #expect(both.count == 2)
    for (name, file) in zip(["a.gguf", "b.gguf"], both) {
      let alone = try Tool.run(["inspect", "--json", name], in: folder.url).output
      let object = try JSONSerialization.jsonObject(with: Data(alone.utf8)) as? NSDictionary
      #expect(object == file as NSDictionary)
    }
  }

  @Test func `an error in one file hides none of the others`() throws {
    _ = try folder.write(Array("no model, but text".utf8), "bad.gguf")
    let outcome = try inspect("a.gguf", "missing.gguf", "b.gguf", "bad.gguf")
    #expect(outcome.status == 1)
    #expect(outcome.output.contains("  1  a.gguf\n  2  b.gguf\n"))
    let lines = outcome.errors.split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("Error: ") }, "\(lines)")
    #expect(outcome.errors.contains("missing.gguf: open failed"))
    #expect(try inspect("a.gguf", "missing.gguf", "--quiet").errors.contains("open failed"))
    let found = try files("a.gguf", "missing.gguf")
    #expect(found.count == 2 && found[1]["path"] as? String == "missing.gguf")
    #expect((found[1]["error"] as? String)?.contains("open failed") == true)
    #expect(found[0]["summary"] != nil)
  }

  @Test func `keys and sections come file by file`() throws {
    let keys = try inspect("a.gguf", "b.gguf", "--key", "general.architecture")
    let key = "Metadata\n  general.architecture"
    #expect(keys.output == "a.gguf\n\n\(key)  llama\n\nb.gguf\n\n\(key)  qwen2\n")
    let some = try inspect("a.gguf", "b.gguf", "--key", "general.name")
    #expect(some.status == 1 && some.output.contains("general.name  tiny"))
    #expect(some.errors.contains("b.gguf: there is no key \"general.name\""))
    let tensors = try inspect("a.gguf", "b.gguf", "--tensors")
    #expect(tensors.output.hasPrefix("a.gguf\n\nTensors\n"))
    #expect(tensors.output.contains("\nb.gguf\n\nTensors\n"))
    let full = try inspect("a.gguf", "b.gguf", "--full")
    #expect(full.output.hasPrefix("a.gguf\n  name ") && full.output.contains("\n\nb.gguf\n  "))
    let tensor = try files("a.gguf", "b.gguf", "--tensor", "token_embd.weight")
    #expect(tensor.map { $0["path"] as? String } == ["a.gguf", "b.gguf"])
  }

  @Test func `a matrix and a model come one after the other`() throws {
    _ = try Zstd.expand("tiny-moe.imatrix.dat", into: folder.url)
    let outcome = try inspect("a.gguf", "tiny-moe.imatrix.dat")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("a.gguf\n"))
    #expect(outcome.output.contains("importance matrix (older format)"))
    let found = try files("a.gguf", "tiny-moe.imatrix.dat")
    #expect(found[0]["summary"] != nil && found[1]["importance_matrix"] != nil)
  }

  @Test func `JSON of all of a matrix has the matrix`() throws {
    let path = try Zstd.expand("tiny-moe.imatrix.gguf", into: folder.url).path
    let output = try inspect(path, "--full", "--json").output
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    let matrix = try #require(object["importance_matrix"] as? [String: Any])
    #expect((matrix["entries"] as? [Any])?.count == 32)
    #expect((object["tensors"] as? [Any])?.isEmpty == false && object["metadata"] != nil)
  }

  // MARK: Pipes and terminals

  /// Runs a program on a terminal of its own.
  private static let onTerminal = [
    "/usr/bin/env", "python3", "-c", "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)",
  ]

  @Test func `names are whole in a pipe, and fit a terminal`() throws {
    let name = "blk.0." + String(repeating: "long_", count: 9) + "name"
    let kind = String(repeating: "tokenizer", count: 9)
    var model = ModelFile()
    model.metadata["tokenizer.ggml.model"] = .string(MetadataString(kind))
    model.add(name, [32, 4], .Q8_0)
    try model.write(to: folder.path("long.gguf"))
    for words in [["--tensors"], ["--layers"], ["b.gguf"]] {
      let words = ["inspect", "long.gguf"] + words
      let piped = try Tool.run(words, in: folder.url).output
      let isWhole = words.last == "b.gguf" ? piped.contains(kind) : piped.contains("_name")
      #expect(isWhole && !piped.contains("…"), "\(piped)")
      let shown = try Tool.run(
        words, in: folder.url, variables: ["COLUMNS": "50", "TERM": "xterm", "NO_COLOR": "1"],
        emulator: Self.onTerminal)
      #expect(shown.status == 0 && shown.output.contains("…"), "\(shown)")
      let lines = shown.output.split(whereSeparator: \.isNewline)
      #expect(lines.allSatisfy { $0.count <= 50 }, "\(shown.output)")
    }
  }

  @Test func `a value cannot steer the terminal that it is printed on`() throws {
    var model = ModelFile()
    model.metadata["general.name"] = .string("\u{1B}[2Jgone\nnext")
    try model.write(to: folder.path("m.gguf"))
    let shown = try Tool.run(
      ["inspect", "m.gguf", "--key", "general.name", "--raw"], in: folder.url,
      emulator: Self.onTerminal)
    #expect(shown.output == "\\u{1B}[2Jgone\r\nnext\r\n")
  }
}
