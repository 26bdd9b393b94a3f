// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Importance matrices from a model") struct ImportanceGatheringTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  private func gather(
    _ windows: EvaluationWindows, separate: Bool = false, output: Bool = true,
    memory: Int = 1 << 28
  ) throws -> ImportanceMatrix {
    let gathering = ImportanceGathering(includesOutput: output)
    let file = model.file(separatesExperts: separate)
    try testing.evaluator(file, memory: memory).gather(gathering, over: windows)
    return try gathering.matrix(datasets: ["some text"], windows: windows)
  }

  /// The blackboard's pass over the same windows.
  private func plain(_ windows: EvaluationWindows) -> PlainForward {
    var plain = PlainForward(model)
    for window in 0..<windows.count {
      _ = plain.logits(Array(windows.tokens[window * 16..<window * 16 + 16]))
    }
    return plain
  }

  @Test(arguments: [1 << 28, 20_000])
  func `sums and counts are those of plain loops`(_ memory: Int) throws {
    let windows = try EvaluationTesting.windows(4, of: model)
    let matrix = try gather(windows, memory: memory)
    let expected = plain(windows)
    let names = model.shapes.map(\.name).filter {
      !$0.contains("norm") && $0 != "token_embd.weight"
    }
    #expect(matrix.entries.map(\.name).sorted() == names.sorted())
    #expect(matrix.chunkCount == 4 && matrix.chunkSize == 16 && matrix.datasets == ["some text"])
    for entry in matrix.entries {
      for expert in 0..<entry.expertCount {
        let key = PlainForward.key(entry.name, expert)
        let count = try #require(expected.counts[key])
        #expect(entry.counts?[expert] == Float(count), "\(key)")
        let means = try #require(entry.values(expert: expert))
        for (mean, sum) in zip(means, try #require(expected.squares[key])) {
          let exact = sum / Double(count)
          #expect(abs(Double(mean) - exact) <= 1e-4 * exact, "\(key)")
        }
      }
    }
  }

  /// Memory for one window, and for any number up to all of them.
  @Test(arguments: [15_000, 20_000, 30_000, 100_000])
  func `memory changes no bit`(_ memory: Int) throws {
    let windows = try EvaluationTesting.windows(12, of: model)
    let (whole, part) = (try gather(windows), try gather(windows, memory: memory))
    #expect(whole.entries.count == part.entries.count)
    for (entry, other) in zip(whole.entries, part.entries) {
      #expect(other.name == entry.name && other.counts == entry.counts)
      for expert in 0..<entry.expertCount {
        #expect(other.values(expert: expert) == entry.values(expert: expert), "\(entry.name)")
      }
    }
  }

  @Test func `counts add up to the experts of all tokens`() throws {
    let windows = try EvaluationTesting.windows(8, of: model)
    for entry in try gather(windows).entries {
      let sum = try #require(entry.counts).reduce(0, +)
      #expect(sum == (entry.expertCount > 1 ? 2 : 1) * Float(windows.tokens.count))
    }
  }

  @Test func `the output matrix is left out unless asked for`() throws {
    let matrix = try gather(EvaluationTesting.windows(2, of: model), output: false)
    #expect(matrix["output.weight"] == nil && matrix["blk.1.attn_output.weight"] != nil)
  }

  /// MiniCPM 3 shrinks states before they meet the output matrix.
  @Test(.enabled(if: Paths.shared != nil, "needs ../shared beside the checkout"))
  func `a factor on states is in the sums of the output matrix`() throws {
    let shared = try #require(Paths.shared)
    let evaluator = try Evaluator(
      model: GGUFFile.open(shared.appending(path: "architectures2/minicpm3-f32.gguf").path),
      contextLength: 16, options: EvaluationOptions(threads: 2, mode: .f32))
    let windows = try EvaluationTesting.windows(2, of: model)
    let matrix = try evaluator.gatherImportance(over: windows, datasets: [], includesOutput: true)
    let means = try #require(matrix["output.weight"]?.values(expert: 0))
    var sums = Array(repeating: 0.0, count: means.count)
    for start in [0, 16] {
      let states = try evaluator.hiddenStates(Array(windows.tokens[start..<start + 16]))
      for row in 0..<16 {
        for column in sums.indices {
          let number = 256 / Double(means.count) * Double(states[row, column])
          sums[column] += number * number
        }
      }
    }
    for (mean, sum) in zip(means, sums) { #expect(abs(Double(mean) / (sum / 32) - 1) < 1e-4) }
  }

  @Test func `experts in a tensor each have entries of their own, with the same sums`() throws {
    let windows = try EvaluationTesting.windows(3, of: model)
    let (merged, separate) = (try gather(windows), try gather(windows, separate: true))
    let name = "blk.1.ffn_up_exps.weight"
    let entry = try #require(merged[name])
    for expert in 0..<model.experts.all {
      let other = try #require(separate["blk.1.ffn_up.\(expert).weight"])
      #expect(other.counts == [try #require(entry.counts)[expert]])
      #expect(other.values(expert: 0) == entry.values(expert: expert))
    }
    #expect(separate[name] == nil)
    #expect(separate.entry(forTensor: name)?.entry.counts == entry.counts)
  }

  @Test func `texts merged are texts gathered together`() throws {
    let tokens = try [3, 5].map { try EvaluationTesting.windows($0, of: model, seed: UInt64($0)) }
    let together = try EvaluationWindows(
      tokens: tokens[0].tokens + tokens[1].tokens, rules: .llama, length: 16, bos: 1)
    let merged = try gather(tokens[0]).merging(gather(tokens[1]))
    let whole = try gather(together)
    #expect(merged.chunkCount == 8)
    for entry in whole.entries {
      let other = try #require(merged[entry.name])
      #expect(other.counts == entry.counts)
      for expert in 0..<entry.expertCount {
        let pairs = zip(
          try #require(other.values(expert: expert)), try #require(entry.values(expert: expert)))
        #expect(pairs.allSatisfy { abs($0 - $1) <= 1e-5 * $1 })
      }
    }
  }

  @Test func `both forms of the file give back what was gathered`() throws {
    let matrix = try gather(EvaluationTesting.windows(4, of: model))
    let paths = ["gathered.gguf", "gathered.dat"].map(testing.folder.path)
    try matrix.write(to: paths[0])
    try matrix.writeLegacy(to: paths[1])
    let (gguf, legacy) = (try ImportanceMatrix.read(paths[0]), try ImportanceMatrix.read(paths[1]))
    #expect(gguf.datasets == ["some text"] && legacy.datasets == ["some text"])
    #expect(gguf.chunkCount == 4 && gguf.chunkSize == 16 && legacy.chunkCount == 4)
    for entry in matrix.entries {
      let (new, old) = (try #require(gguf[entry.name]), try #require(legacy[entry.name]))
      #expect(new.counts == entry.counts && old.counts == nil)
      for expert in 0..<entry.expertCount {
        let means = try #require(entry.values(expert: expert))
        #expect(new.values(expert: expert) == means)
        // The older form holds means times runs, which rounds.
        let others = try #require(old.values(expert: expert))
        #expect(others.count == means.count, "\(entry.name)")
        #expect(zip(others, means).allSatisfy { abs($0 - $1) <= 1e-6 * $1 }, "\(entry.name)")
      }
    }
  }

  @Test func `activations that are not finite are an error`() throws {
    var broken = model
    broken.weights["blk.0.attn_norm.weight"]?[3] = .nan
    let windows = try EvaluationTesting.windows(2, of: model)
    let gathering = ImportanceGathering(includesOutput: false)
    let evaluator = try testing.evaluator(broken.file())
    let error = #expect(throws: QuantError.self) { try evaluator.gather(gathering, over: windows) }
    #expect(error?.description.contains("tensor \"blk.0.attn_norm.weight\", layer 0") == true)
  }

  @Test func `experts that are rarely or never reached are told of`() throws {
    let name = "blk.3.ffn_up_exps.weight"
    let columns: [Float] = Array(repeating: 1, count: 8)
    let entry = try ImportanceMatrix.Entry(
      name: name, rowWeights: 2, sums: [0, 0] + columns.dropFirst(2), counts: [0, 1000, 9, 1000])
    let matrix = try ImportanceMatrix(
      path: "m", datasets: [], chunkCount: 1, chunkSize: 1, entries: [entry])
    let layer = try #require(ExpertCoverage(matrix).layers.first)
    #expect(layer.layer == 3 && layer.experts == 4 && layer.fewest == 0 && layer.most == 1000)
    #expect(layer.mean == 502.25)
    #expect(layer.rare.map(\.expert) == [0, 2] && layer.rare.map(\.count) == [0, 9])
  }

  @Test func `router statistics count what routers chose`() throws {
    let windows = try EvaluationTesting.windows(6, of: model)
    let router = RouterGathering()
    _ = try LossEvaluation(testing.evaluator(model.file()), windows).run(countingRouters: router)
    let matrix = try gather(windows)
    let layers = router.statistics.layers
    #expect(layers.map(\.layer) == [0, 1])
    for layer in layers {
      #expect(layer.tokenCount == windows.tokens.count && layer.expertsPerToken == 2)
      let entry = try #require(matrix["blk.\(layer.layer).ffn_up_exps.weight"])
      #expect(entry.counts == layer.counts.map { Float($0) })
      // The two weights of a token add up to one.
      #expect(abs(layer.weights.reduce(0, +) - Double(layer.tokenCount)) < 1e-3)
    }
  }
}
