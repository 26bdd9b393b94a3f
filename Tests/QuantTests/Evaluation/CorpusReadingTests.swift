// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Corpora: reading") struct CorpusReadingTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func corpus(_ bytes: [UInt8], _ name: String) throws -> Corpus {
    try Corpus(paths: [folder.write(bytes, name)])
  }

  private func error(_ bytes: [UInt8], _ name: String) throws -> String {
    let corpus = try corpus(bytes, name)
    let error = #expect(throws: QuantError.self) { try corpus.text(for: .llama) }
    return error?.description.replacing(folder.url.path + "/", with: "") ?? ""
  }

  @Test func `one text gives the same bytes in every form`() throws {
    let text = CorpusTesting.text(seed: 1, pieces: 240_000)
    let plain = Array(text.utf8)
    let line = Array(try CorpusTesting.object(text).utf8)
    let escaped = Array(try CorpusTesting.object(text, escaped: true).utf8)
    let array = Array("\u{FEFF} [\n ".utf8) + escaped + Array("\n]\n".utf8)
    #expect(plain.count > 3 << 18 && escaped.count > plain.count)
    let forms: [(String, [UInt8])] = [
      ("a.raw", plain), ("a.raw.gz", try Compressing.gzip(plain)),
      ("a.zst", try Compressing.zstd(plain)), ("a.jsonl", line + [10]),
      ("gzip.without.name", try Compressing.gzip(plain)), ("a.ndjson", escaped),
      ("a.json", array), ("a.json.gz", try Compressing.gzip(line + [10])),
      ("b.jsonl.zst", try Compressing.zstd(escaped)), ("a.JSON.ZST", try Compressing.zstd(array)),
      ("zstd.json", try Compressing.zstd(line)),
    ]
    for (name, bytes) in forms {
      let corpus = try corpus(bytes, name)
      #expect(try CorpusTesting.documents(corpus) == [plain], "\(name)")
      #expect(try corpus.text(for: .full) == plain, "\(name)")
    }
  }

  @Test func `gzip members and zstd frames follow each other`() throws {
    let parts = (0..<3).map { Array(CorpusTesting.text(seed: $0, pieces: 30_000).utf8) }
    let whole = parts.flatMap { $0 }
    let members = Array(try parts.map(Compressing.gzip).joined()) + [0, 0, 0]
    #expect(try corpus(members, "m.gz").text(for: .full) == whole)
    let skippable: [UInt8] = [0x51, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let frames = skippable + Array(try parts.map(Compressing.zstd).joined())
    #expect(try corpus(frames, "f.zst").text(for: .full) == whole)
  }

  @Test func `output that just fills a buffer is no trap`() throws {
    for count in [1 << 18, 1 << 19, (1 << 18) + 1, (1 << 18) - 1] {
      let bytes = [UInt8](repeating: 97, count: count)
      #expect(try corpus(Compressing.gzip(bytes), "g.gz").text(for: .full) == bytes)
      #expect(try corpus(Compressing.zstd(bytes), "z.zst").text(for: .full) == bytes)
      #expect(try corpus(bytes, "p.txt").text(for: .full) == bytes)
    }
  }

  @Test(arguments: ["gz", "zst"]) func `truncated data is an error`(_ form: String) throws {
    let bytes = Array(CorpusTesting.text(seed: 2, pieces: 20_000).utf8)
    let packed = try form == "gz" ? Compressing.gzip(bytes) : Compressing.zstd(bytes)
    for count in [4, 5, 9, 20, packed.count / 2, packed.count - 9, packed.count - 1] {
      let message = try error(Array(packed[..<count]), "t.\(form)")
      #expect(message.hasPrefix("t.\(form): it is cut off"), "\(count): \(message)")
    }
    let name = form == "gz" ? "gzip" : "zstd"
    for count in [0, 1] {
      let message = try error(Array(packed[..<count]), "t.\(form)")
      #expect(message == "t.\(form): expected \(name) data, as the name says, found other data")
    }
  }

  @Test(arguments: ["gz", "zst"]) func `damaged data is an error`(_ form: String) throws {
    let bytes = Array(CorpusTesting.text(seed: 3, pieces: 20_000).utf8)
    let packed = try form == "gz" ? Compressing.gzip(bytes) : Compressing.zstd(bytes)
    var random = SeededGenerator(seed: 4)
    for _ in 0..<20 {
      var damaged = packed
      let place = Int.random(in: 20..<packed.count - 20, using: &random)
      damaged[place] ^= UInt8.random(in: 1...255, using: &random)
      let message = try error(damaged, "d.\(form)")
      #expect(message.hasPrefix("d.\(form): "), "byte \(place): \(message)")
    }
    let message = try error(packed + Array("tail".utf8), "d.\(form)")
    #expect(message.contains("data is damaged") || message.contains("cut off"), "\(message)")
  }

  @Test(arguments: [
    ("{\"text\": \"a\"}\n{\"txt\": 1}\n", "line 2: this object has no \"text\""),
    ("{}", "line 1: this object has no \"text\""),
    ("{\"text\": [1]}", "line 1: \"text\" is not a string"),
    ("{\"text\": \"a\"}\n\n\"b\"", "line 3: this is not JSON: expected an object with \"text\""),
    ("{\"text\": \"a", "line 1: the file ends in the middle of a string"),
    ("{\"text\": \"a\nb\"}", "line 1: a control character or the end of the line"),
    ("{\"text\": \"\\x\"}", "line 1: this is not JSON: expected an escape, found \"x\""),
    ("{\"text\": \"\\u12g4\"}", "line 1: this is not JSON: expected four hexadecimal digits"),
    ("{\"text\": \"a\"", "line 1: this is not JSON: expected \"}\", found the end of the file"),
    ("{\"text\" \"a\"}", "line 1: this is not JSON: expected \":\", found \"\"\""),
    ("{\"text\": \"a\",}", "line 1: this is not JSON: expected \"\"\", found \"}\""),
    ("[{\"text\": \"a\"} {\"text\": \"b\"}]", "line 1: this is not JSON: expected \",\""),
    ("[{\"text\": \"a\"}", "line 1: this is not JSON: expected \",\", found the end of the file"),
    ("{\"n\": 01, \"text\": \"a\"}", "line 1: this is not JSON: expected \"}\", found \"1\""),
    ("{\"n\": -, \"text\": \"a\"}", "line 1: this is not JSON: expected a digit"),
    ("{\"n\": 1.e3, \"text\": \"a\"}", "line 1: this is not JSON: expected a digit"),
    ("{\"n\": nul, \"text\": \"a\"}", "line 1: this is not JSON: expected \"null\""),
    (
      "{\"n\": \u{1}, \"text\": \"a\"}",
      "line 1: this is not JSON: expected a value, found the byte 0x1"
    ),
  ])
  func `JSON that is wrong is named by line`(_ text: String, _ message: String) throws {
    let found = try error(Array(text.utf8), "j.jsonl")
    #expect(found.hasPrefix("j.jsonl: " + message), "\(found)")
  }

  @Test func `depth has a limit`() throws {
    let open = String(repeating: "[", count: 100_000)
    let message = try error(Array("{\"a\": \(open)".utf8), "d.json")
    #expect(message == "d.json: line 1: more than 128 objects and arrays within each other")
    let nested = String(repeating: "[", count: 127) + String(repeating: "]", count: 127)
    let fine = try corpus(Array("{\"a\": \(nested), \"text\": \"b\"}".utf8), "f.json")
    #expect(try fine.text(for: .llama) == Array("b".utf8))
  }

  @Test(arguments: [
    ("\\u0041\\u00e9\\u6f22", "Aé漢"), ("\\ud83d\\ude00", "😀"), ("\\ud83dx", "\u{FFFD}x"),
    ("\\ude00\\ud83d", "\u{FFFD}\u{FFFD}"), ("\\ud83d\\ud83d\\ude00", "\u{FFFD}😀"),
    ("\\ud83d\\n", "\u{FFFD}\n"), ("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\u{8}\u{C}\n\r\t"),
    ("\\uD83D\\u0041", "\u{FFFD}A"), ("\\u0000", "\0"),
  ])
  func `escapes become characters`(_ escaped: String, _ text: String) throws {
    let corpus = try corpus(Array("{\"text\":\"\(escaped)\"}".utf8), "e.json")
    #expect(try CorpusTesting.documents(corpus) == [Array(text.utf8)])
  }

  @Test func `the last of several texts counts, as in other readers`() throws {
    let corpus = try corpus(
      Array("{\"text\":\"a\",\"text\":\"b\",\"t\\u0065xt\":\"c\"}".utf8), "l.json")
    #expect(try CorpusTesting.documents(corpus) == [Array("c".utf8)])
  }

  @Test func `a folder is its files by name`() throws {
    for (name, text) in [("b.txt", "two"), ("a.jsonl", "{\"text\":\"one\"}"), (".c", "hidden")] {
      _ = try folder.write(Array(text.utf8), name)
    }
    _ = try folder.write(Compressing.gzip(Array("three".utf8)), "c.txt.gz")
    try FileManager.default.createDirectory(
      at: folder.file("d"), withIntermediateDirectories: false)
    let corpus = try Corpus(paths: [folder.url.path])
    #expect(
      corpus.files.map { String($0.split(separator: "/").last ?? "") } == [
        "a.jsonl", "b.txt", "c.txt.gz",
      ])
    #expect(try corpus.text(for: .llama) == Array("one\n\ntwo\n\nthree".utf8))
    let empty = #expect(throws: QuantError.self) { try Corpus(paths: [folder.path("d")]) }
    #expect(empty?.description.hasSuffix("d: there are no files in this folder") == true)
  }

  @Test func `a missing file and an empty one are errors`() throws {
    let missing = try Corpus(paths: [folder.path("none.txt")])
    let error = #expect(throws: QuantError.self) { try missing.text(for: .llama) }
    guard case .file(.system) = error else {
      Issue.record("\(String(describing: error))"); return
    }
    for (name, text) in [("e.txt", ""), ("n.txt", "\n"), ("e.jsonl", "\n \n"), ("e.json", "[]")] {
      #expect(try self.error(Array(text.utf8), name) == "\(name): there is no text in it")
    }
  }

  @Test func `a stopped reader reads no further`() throws {
    let corpus = try corpus(Array("{\"text\":\"a\"}\n{\"text\":\"b\"}\nbroken".utf8), "s.jsonl")
    var count = 0
    try corpus.documents { _ throws(QuantError) in
      count += 1
      return count < 2
    }
    #expect(count == 2)
    #expect(try corpus.text(for: .llama, byteLimit: 3) == Array("a\nb".utf8))
  }
}
