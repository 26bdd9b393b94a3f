// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Parts that do not make up one job are named and refused.
@Suite("Parts refused") struct PartRefusalTests {
  private let parts: PartTesting
  private let folder: TemporaryFolder
  private let file: GGUFFile

  init() throws {
    parts = try PartTesting()
    folder = parts.testing.folder
    file = try parts.testing.open(PartTesting.tiny.file(), "m.gguf")
  }

  /// Writes a part whose text was not run: what parts are of is all that counts here.
  private func part(
    _ name: String, _ text: String, kind: PartJob.Kind = .perplexity, model: GGUFFile? = nil,
    seed: UInt64 = 7, windows: Int = 4
  ) throws -> String {
    let windows = try EvaluationTesting.windows(windows, of: PartTesting.tiny, seed: seed)
    let part = try #require(JobPart(text))
    let range = part.range(of: windows.count)
    let report = try LossEvaluation(PartTesting.evaluator(file), windows, only: range).run()
    let losses = TextLosses(
      corpus: "random", counts: WindowCounts(windows), range: range, report: report, seconds: 1)
    let path = folder.path(name)
    try Losses(model: "m", rules: .llama, compute: .f32, texts: [losses], router: nil)
      .write(part, of: PartTesting.job(kind, model ?? file, windows), to: path)
    return path
  }

  private func complaint(_ paths: [String]) throws -> String {
    let error = #expect(throws: QuantError.self) { try PartSet(paths) }
    return (error?.description ?? "").replacing(folder.url.path + "/", with: "")
  }

  @Test func `missing parts`() throws {
    let paths = [try part("a", "1/4"), try part("c", "3/4")]
    #expect(
      try complaint(paths) == "a: expected all 4 parts, found 2 of them: 2/4, 4/4 are missing")
  }

  @Test func `parts that are there twice`() throws {
    let paths = [try part("a", "1/2"), try part("b", "2/2"), try part("c", "2/2")]
    #expect(
      try complaint(paths) == "c: expected a part other than that of b, found part 2/2 in both")
  }

  @Test func `parts of another division`() throws {
    let paths = [try part("a", "1/2"), try part("b", "2/3")]
    #expect(try complaint(paths) == "b: expected one of 2 parts, as a is, found part 2/3")
  }

  @Test func `parts of another command`() throws {
    let paths = [try part("a", "1/2"), try part("b", "2/2", kind: .imatrix)]
    #expect(
      try complaint(paths) == "b: expected a part of perplexity, as a is, found one of imatrix")
  }

  @Test func `parts of another model`() throws {
    let other = try parts.testing.open(TinyLlama(seed: 2).file(), "other.gguf")
    let paths = [try part("a", "1/2"), try part("b", "2/2", model: other)]
    #expect(try complaint(paths).hasPrefix("b: expected the model with the mark "))
  }

  @Test func `a model elsewhere is the same`() throws {
    let copy = try parts.testing.open(PartTesting.tiny.file(), "copy.gguf")
    let paths = [try part("a", "1/2"), try part("b", "2/2", model: copy)]
    #expect(try PartSet(paths).files.map(\.path) == paths)
  }

  @Test func `parts of another text`() throws {
    for other in [try part("b", "2/2", seed: 8), try part("c", "2/2", windows: 5)] {
      #expect(
        try complaint([try part("a", "1/2"), other])
          .contains(": expected the text random of 4 windows of 16 tokens by the protocol llama, "))
    }
  }

  @Test func `cut and damaged files`() throws {
    let path = try part("a", "1/1")
    let bytes = try Data(contentsOf: URL(filePath: path))
    for count in stride(from: 0, to: bytes.count, by: 97) {
      _ = try folder.write(Array(bytes[0..<count]), "cut")
      #expect(throws: QuantError.self, "\(count)") { try PartFile(folder.path("cut")) }
    }
    let losses = try Losses(merging: PartSet([path])).texts[0].report.losses
    var random = SeededGenerator(seed: 1)
    for _ in 0..<200 {
      var damaged = bytes
      let place = Int(random.next() % UInt64(bytes.count))
      damaged[place] ^= 1 << UInt8(random.next() % 8)
      _ = try folder.write(Array(damaged), "damaged")
      // Padding, and parts of the header that say nothing, may be damaged without harm.
      guard let set = try? PartSet([folder.path("damaged")]) else { continue }
      #expect(try Losses(merging: set).texts[0].report.losses == losses, "\(place)")
    }
  }

  @Test func `files of other kinds`() throws {
    #expect(try complaint([file.path]).hasPrefix("m.gguf: expected a partial result"))
    let path = try part("a", "1/1", kind: .imatrix)
    let set = try PartSet([path])
    #expect(throws: QuantError.self) { try GatheredImportance(merging: set) }
    #expect(throws: QuantError.self) { try SensitivityPart(merging: set) }
    #expect(throws: QuantError.self) { try Frontier(merging: set) }
    #expect(throws: QuantError.self) { try Losses(merging: set) }
  }
}
