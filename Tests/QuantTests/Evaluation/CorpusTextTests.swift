// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("Corpora: texts") struct CorpusTextTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ name: String) throws -> String {
    try folder.write(Array(text.utf8), name)
  }

  private func text(
    _ corpus: Corpus, _ rules: EvaluationProtocol, limit: Int = .max
  ) throws -> String {
    String(decoding: try corpus.text(for: rules, byteLimit: limit), as: UTF8.self)
  }

  @Test func `files have an empty line between them, documents of JSON a line end`() throws {
    let corpus = try Corpus(paths: [
      write("one\n", "1.txt"), write("{\"text\":\"a\\n\"}\n{\"text\":\"b\"}", "2.jsonl"),
      write("two\n\n", "3.txt"),
    ])
    #expect(try text(corpus, .full) == "one\n\na\n\nb\n\ntwo\n\n")
    #expect(try text(corpus, .llama) == "one\n\na\n\nb\n\ntwo\n")
    #expect(corpus.name == "1.txt + 2" && corpus.windowLimit(for: .full) == nil)
  }

  @Test func `a limit cuts between characters`() throws {
    let corpus = try Corpus(paths: [write("aé漢😀b", "l.txt")])
    let cuts = (0...11).map { limit in (try? text(corpus, .llama, limit: limit)) ?? "" }
    #expect(
      cuts == ["", "a", "a", "aé", "aé", "aé", "aé漢", "aé漢", "aé漢", "aé漢", "aé漢😀", "aé漢😀b"])
  }

  @Test func `wikitext2 is the file, or its rows`() throws {
    _ = try folder.write(
      Compressing.zstd(Array(" \n = Title = \n \n First . \n Second .\n".utf8)), "wiki.test.raw.zst"
    )
    let corpus = try Corpus.named("wikitext2", in: folder.url.path)
    #expect(corpus.known == .wikitext2 && corpus.name == "wikitext2")
    #expect(try text(corpus, .llama) == " \n = Title = \n \n First . \n Second .")
    #expect(
      try text(corpus, .full) == "\n\n = Title = \n\n\n\n\n First . \n\n\n Second .\n")
  }

  @Test func `the treebank's sentences are set apart by spaces`() throws {
    _ = try write(" no it was n't \n but <unk> N \n\n", "ptb.test.txt")
    let corpus = try Corpus.named("ptb", in: folder.url.path + "/")
    #expect(try text(corpus, .full) == "no it was n't but <unk> N")
    #expect(try text(corpus, .llama) == " no it was n't \n but <unk> N \n")
  }

  @Test func `of c4 the papers take 1,100 documents and 256 windows`() throws {
    let lines = (0..<1200).map { "{\"text\":\"d\($0)\",\"url\":\"u\"}\n" }.joined()
    _ = try folder.write(
      Compressing.gzip(Array(lines.utf8)), "c4-validation.00000-of-00008.json.gz")
    _ = try write("{\"text\":\"sample\"}", "c4-sample.jsonl")
    let corpus = try Corpus.named("c4", in: folder.url.path)
    #expect(try text(corpus, .full) == (0..<1100).map { "d\($0)" }.joined(separator: " "))
    #expect(try text(corpus, .llama) == (0..<1200).map { "d\($0)" }.joined(separator: "\n"))
    #expect(corpus.windowLimit(for: .full) == 256 && corpus.windowLimit(for: .llama) == nil)
  }

  @Test(arguments: NamedCorpus.allCases)
  func `a missing corpus says which file to get`(_ corpus: NamedCorpus) throws {
    let path = folder.url.path
    let error = #expect(throws: QuantError.self) { try Corpus.named(corpus.rawValue, in: path) }
    let message = error?.description ?? ""
    #expect(message.hasPrefix("corpus \(corpus.rawValue): it is not in \(path). Put one of "))
    #expect(message.contains(corpus.fileNames[0]) && message.contains("https://") || corpus == .ptb)
  }

  @Test func `a path is not a name`() throws {
    let path = try write("text", "ptb")
    #expect(try Corpus.named(path).known == nil)
    #expect(try text(Corpus.named(path), .llama) == "text")
  }

  @Test(.enabled(if: Paths.shared != nil, "needs the shared corpora"))
  func `the shared corpora are found and agree in all their forms`() throws {
    let shared = try #require(Paths.shared).appending(path: "corpora")
    let raw = Array(try Data(contentsOf: shared.appending(path: "wikitext2.test.raw")))
    let wikitext = try Corpus.named("wikitext2", in: shared.path)
    #expect(wikitext.files == [shared.path + "/wikitext2.test.raw"])
    #expect(try wikitext.text(for: .llama) == raw.dropLast())
    let packed = try Corpus(paths: [shared.path + "/wikitext2.test.raw.zst"])
    #expect(try packed.text(for: .llama) == raw.dropLast())
    // Of this text the vocabulary of Llama 2 makes 341,469 tokens, the number that papers report.
    #expect(try wikitext.text(for: .full).count == 1_296_370)
    #expect(try Corpus.named("ptb", in: shared.path).text(for: .llama).count == 449_944)
    #expect(try Corpus.named("ptb", in: shared.path).text(for: .full).count == 442_422)

    let lines = try Corpus.named("c4", in: shared.path)
    let zipped = try Corpus(paths: [shared.path + "/c4-sample.json.gz"])
    let documents = try CorpusTesting.documents(lines)
    #expect(documents.count == 300)
    #expect(try CorpusTesting.documents(zipped) == documents)
    #expect(try lines.text(for: .llama) == zipped.text(for: .llama))
    #expect(try lines.text(for: .full) == Array(documents.joined(separator: [32])))
  }
}
