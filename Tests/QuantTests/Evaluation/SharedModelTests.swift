// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The models of `../shared/models` against the figures that llama.cpp recorded for them.
@Suite(
  "Evaluation against the reference",
  .enabled(if: Paths.shared != nil, "needs ../shared beside the checkout"))
struct SharedModelTests {
  private struct Reference: Decodable {
    struct Model: Decodable {
      let chunks: [String: Int]
      let variants: [String: Variant]
    }
    struct Variant: Decodable { let ppl: [String: [Double]]? }
    let models: [String: Model]
  }

  private let shared: URL

  init() throws { shared = try #require(Paths.shared) }

  private func open(_ model: String) throws -> GGUFFile {
    try GGUFFile.open(shared.appending(path: "models/\(model)-f16.gguf").path)
  }

  private func windows(
    _ corpus: Corpus, _ file: GGUFFile, limit: Int?
  ) throws -> EvaluationWindows {
    let tokenizer = try Tokenizer(file)
    return try EvaluationWindows(
      tokens: tokenizer.encode(corpus.text(for: .llama)), rules: .llama, limit: limit,
      bos: tokenizer.bos)
  }

  private func perplexity(
    _ file: GGUFFile, _ windows: EvaluationWindows, _ mode: ComputeMode
  ) throws -> MeasuredValue {
    let evaluator = try Evaluator(
      model: file, contextLength: windows.length,
      options: EvaluationOptions(threads: 2, mode: mode))
    return try LossEvaluation(evaluator, windows).run().losses.perplexity
  }

  @Test(arguments: ["tiny-moe", "tiny-dense"], ["wikitext2", "ptb", "c4"])
  func `perplexities are the reference's`(_ model: String, _ name: String) throws {
    let json = try Data(contentsOf: shared.appending(path: "models/reference.json"))
    let reference = try #require(try JSONDecoder().decode(Reference.self, from: json).models[model])
    let expected = try #require(reference.variants["F16"]?.ppl?[name])
    let file = try open(model)
    let corpus = try Corpus.named(name, in: shared.appending(path: "corpora").path)
    let windows = try windows(corpus, file, limit: reference.chunks[name])
    let found = try perplexity(file, windows, .f32)
    #expect(abs(found.value / expected[0] - 1) < 1e-3, "\(found.value), not \(expected[0])")
    #expect(abs(found.error / expected[1] - 1) < 1e-2, "\(found.error), not \(expected[1])")
  }

  @Test(arguments: ["tiny-moe", "tiny-dense"])
  func `faster products cost little`(_ model: String) throws {
    let file = try open(model)
    let corpus = try Corpus.named("wikitext2", in: shared.appending(path: "corpora").path)
    let windows = try windows(corpus, file, limit: 16)
    let exact = try perplexity(file, windows, .f32).value
    let bounds: [ComputeMode: Double] = [.f32: 0, .bf16x3: 1e-4, .bf16: 3e-3, .llama: 1e-3]
    for mode in ComputeMode.available {
      let bound = try #require(bounds[mode])
      #expect(abs(try perplexity(file, windows, mode).value / exact - 1) <= bound)
    }
  }

  /// Rounding decides a few of the choices of experts, so that their counts cannot be the same; and
  /// a token with large numbers, in another expert, can be seen in a few columns of what leaves it.
  @Test func `the importance matrix is the reference's`() throws {
    let file = try open("tiny-moe")
    let path = shared.appending(path: "models/tiny-moe.imatrix.gguf").path
    let reference = try ImportanceMatrix.read(path)
    let corpus = try Corpus(paths: [shared.appending(path: "corpora/c4-calibration.jsonl").path])
    let windows = try windows(corpus, file, limit: 200)
    let gathering = ImportanceGathering(includesOutput: false)
    try Evaluator(
      model: file, contextLength: windows.length,
      options: EvaluationOptions(threads: 2, mode: .llama)
    ).gather(gathering, over: windows)
    let matrix = try gathering.matrix(datasets: [], windows: windows)
    #expect(Set(matrix.entries.map(\.name)) == Set(reference.entries.map(\.name)))
    #expect(matrix.chunkCount == reference.chunkCount && matrix.chunkSize == reference.chunkSize)
    for entry in matrix.entries { try compare(entry, #require(reference[entry.name])) }
  }

  private func compare(_ found: ImportanceMatrix.Entry, _ expected: ImportanceMatrix.Entry) throws {
    let counts = (try #require(found.counts), try #require(expected.counts))
    #expect(counts.0.reduce(0, +) == counts.1.reduce(0, +), "\(found.name)")
    #expect(zip(counts.0, counts.1).allSatisfy { abs($0 - $1) <= 6 }, "\(found.name)")
    let sums = (try Self.sums(found), try Self.sums(expected))
    let noise = 1e-3 * (sums.1.max() ?? 0)
    let errors = zip(sums.0, sums.1).filter { $1 > noise }.map { abs($0 / $1 - 1) }.sorted(by: >)
    let isDown = found.name.contains("ffn_down_exps")
    #expect(errors[0] < (isDown ? 0.1 : 0.01), "\(found.name): \(errors.prefix(8))")
    #expect(errors[5] < 0.01, "\(found.name): \(errors.prefix(8))")
  }

  private static func sums(_ entry: ImportanceMatrix.Entry) throws -> [Float] {
    let counts = try #require(entry.counts)
    return try counts.indices.flatMap { expert in
      try #require(entry.values(expert: expert)).map { $0 * counts[expert] }
    }
  }
}
