// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Published attacks that take a whole command, by their names; Tests/GGUFTests has those that end when
/// a file is opened.
@Suite("Published attacks on commands") struct AdvisoryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ words: String) throws -> Tool.Outcome {
    try Tool.run(words.split(separator: " ").map(String.init), in: folder.url)
  }

  /// The files that a command left beside the model.
  private func leftovers() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0 != "m.gguf" }
  }

  @Test("CVE-2026-7482 and CVE-2026-5757: bytes beyond the file never reach a quantized model")
  func beyondTheFile() throws {
    let whole = try TinyLlama().file().fileBytes()
    var longer = TinyLlama().file()
    let last = longer.tensors.count - 1
    longer.tensors[last].dimensions = [32, 1 << 20]
    for bytes in [Array(whole.dropLast(4096)), try longer.fileBytesWithoutHoles()] {
      _ = try folder.write(bytes, "m.gguf")
      for command in ["requantize m.gguf o.gguf --type Q8_0", "split-experts m.gguf o.gguf"] {
        let outcome = try run(command)
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("Error: m.gguf: byte "))
        #expect(try leftovers() == [])
      }
    }
  }

  @Test("CVE-2024-8063: a block_count of zero, to be divided by")
  func noLayers() throws {
    var model = TinyLlama().file()
    model.metadata["llama.block_count"] = .uint32(0)
    try model.write(to: folder.path("m.gguf"))
    try Data(String(repeating: "ab a b c ", count: 40).utf8).write(to: folder.file("t"))
    for command in [
      "inspect m.gguf", "size-estimate m.gguf --type Q4_K_M", "plan m.gguf --target-bpw 6 -o r",
      "requantize m.gguf o.gguf --type Q4_K_M", "split-experts m.gguf p.gguf --keep *:0-1",
      "perplexity m.gguf --corpus t --ctx 16 --chunks 1 -t 1", "logits m.gguf --ids 1,5 -t 1",
    ] {
      let outcome = try run(command)
      #expect([0, 1].contains(outcome.status), "\(command): \(outcome.errors)")
      #expect((outcome.status == 1) == outcome.errors.contains("Error: "), "\(command)")
    }
  }

  @Test("CVE-2024-34359 and CVE-2026-5760: a chat template is data, printed harmlessly and kept")
  func hostileTemplate() throws {
    let template = MetadataString(
      "{{ self.__init__.__globals__.__builtins__.open('o.txt', 'w') }}\u{1B}[2J\u{202E}{% for x")
    var model = TinyLlama().file()
    model.metadata["tokenizer.chat_template"] = .string(template)
    try model.write(to: folder.path("m.gguf"))
    let shown = try run("inspect m.gguf --full")
    #expect(shown.status == 0 && shown.output.contains("__globals__"))
    #expect(!shown.output.contains("\u{1B}") && !shown.output.contains("\u{202E}"))
    #expect(try run("tokenize m.gguf --text ab --ids").status == 0)
    #expect(try run("requantize m.gguf o.gguf --type Q8_0").status == 0)
    let copy = try GGUFFile.open(folder.path("o.gguf"))
    #expect(copy.metadata["tokenizer.chat_template"] == .string(template))
    #expect(try leftovers() == ["o.gguf"])
  }

  @Test("llama.cpp pull request 26690: scores stored as bytes, read as floats beyond their end")
  func typeOfScores() throws {
    var model = TinyLlama().file()
    let count = try #require(model.metadata["tokenizer.ggml.tokens"]?.elements?.count)
    for (key, type) in [("scores", MetadataType.uint8), ("token_type", .uint8)] {
      var broken = model
      let zeros = Array(repeating: MetadataValue.uint8(0), count: count)
      broken.metadata["tokenizer.ggml.\(key)"] = .array(
        MetadataArray(elementType: type, zeros))
      try broken.write(to: folder.path("m.gguf"))
      let outcome = try run("tokenize m.gguf --text ab")
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("tokenizer.ggml.\(key): expected"))
    }
    model.metadata["tokenizer.ggml.scores"] = nil
    try model.write(to: folder.path("m.gguf"))
    #expect(try run("tokenize m.gguf --text ab").status == 0)
  }

  @Test("found by mutation: nor does JSON, which allows DEL and the controls above it")
  func controlsInJSON() throws {
    let name = "a\u{7F}b\u{9B}2Jc\u{202E}d\u{E0001}e"
    var model = TinyLlama().file()
    model.metadata["general.name"] = .string(MetadataString(name))
    try model.write(to: folder.path("m.gguf"))
    let output = try run("inspect m.gguf --json").output
    #expect(output.contains("a\\u007fb\\u009b2Jc\\u202ed\\udb40\\udc01e"))
    let parsed = try JSONSerialization.jsonObject(with: Data(output.utf8))
    #expect(texts(in: parsed).contains(name))
  }

  private func texts(in value: Any) -> [String] {
    switch value {
    case let text as String: [text]
    case let members as [String: Any]: members.values.flatMap(texts)
    case let elements as [Any]: elements.flatMap(texts)
    default: []
    }
  }

  @Test("found by mutation: what an error quotes steers no terminal, and is not endless")
  func quotedText() throws {
    var model = TinyLlama().file()
    let hostile = "\u{1B}]0;x\u{07}\u{0}" + String(repeating: "é", count: 100_000)
    model.metadata["tokenizer.ggml.model"] = .string(MetadataString(hostile))
    try model.write(to: folder.path("m.gguf"))
    let outcome = try run("tokenize m.gguf --text ab")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("found \"\\u{1B}]0;x\\u{7}\\u{0}é"))
    #expect(outcome.errors.utf8.count < 8000)
    #expect(!outcome.errors.dropLast().unicodeScalars.contains { $0.value < 0x20 })
  }
}

extension ModelFile {
  /// The file with the bytes that there are, whatever the shapes say.
  fileprivate func fileBytesWithoutHoles() throws -> [UInt8] {
    let layout = try GGUFLayout(path: "", metadata: metadata, tensors: tensors)
    return zip(layout.tensorOffsets, contents).reduce(into: layout.header) { bytes, tensor in
      bytes += Array(repeating: 0, count: tensor.0 - bytes.count) + tensor.1
    }
  }
}
