// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The whole is that of one run, to the last bit, however it was divided.
@Suite("Parts put together") struct MergingTests {
  private let parts: PartTesting
  private let testing: EvaluationTesting

  init() throws {
    parts = try PartTesting()
    testing = parts.testing
  }

  /// Seven windows: part sizes differ, and of nine parts some are empty.
  private static func windows() throws -> EvaluationWindows {
    try EvaluationTesting.windows(7, of: PartTesting.tiny)
  }

  private static let counts = [1, 2, 3, 5, 9]

  @Test(arguments: PartTesting.Model.allCases)
  func `perplexity, divergence and routers`(_ model: PartTesting.Model) async throws {
    let file = try await parts.open(model)
    let base = try testing.open(TinyLlama(seed: 2).file(), "base.gguf")
    let windows = try Self.windows()
    func losses(_ range: Range<Int>, memory: Int) throws -> Losses {
      let router = RouterGathering()
      let run = try LossEvaluation(
        PartTesting.evaluator(file, memory: memory), windows,
        base: .model(PartTesting.evaluator(base, memory: memory)), only: range)
      return Losses(
        model: "m", rules: .llama, compute: .f32,
        texts: [
          TextLosses(
            corpus: "random", counts: WindowCounts(windows), range: range,
            report: try run.run(countingRouters: router), seconds: 1)
        ], router: router.statistics)
    }
    let whole = try losses(0..<windows.count, memory: 1 << 28)
    #expect(try #require(whole.texts[0].report.divergence).summary.meanDivergence.value > 0.1)
    for count in Self.counts {
      let job = try PartTesting.job(.perplexity, file, windows)
      let set = try parts.merged(count) { part, path in
        try losses(part.range(of: windows.count), memory: count == 2 ? 20_000 : 1 << 28)
          .write(part, of: job, to: path)
      }
      let found = try Losses(merging: set)
      #expect(found.texts[0].report.losses == whole.texts[0].report.losses, "\(count)")
      #expect(found.texts[0].report.divergence == whole.texts[0].report.divergence, "\(count)")
      #expect(found.router == whole.router, "\(count)")
      #expect(found.texts[0].seconds == Double(count) && found.texts[0].range == 0..<7)
    }
  }

  @Test func `states of a base serve all parts`() throws {
    let file = try testing.open(PartTesting.tiny.file(), "m.gguf")
    let base = try testing.evaluator(TinyLlama(seed: 2).file(), "base.gguf")
    let windows = try Self.windows()
    let path = testing.folder.path("base.states")
    let writer = try BaseStatesWriter(to: path, base, windows)
    _ = try LossEvaluation(base, windows).run(keeping: writer)
    try writer.finish()
    func report(_ range: Range<Int>?) throws -> LossReport {
      try LossEvaluation(
        PartTesting.evaluator(file), windows, base: .states(BaseStates(path)), only: range
      ).run()
    }
    let whole = try report(nil)
    let set = try parts.merged(3) { part, path in
      let range = part.range(of: windows.count)
      let text = TextLosses(
        corpus: "random", counts: WindowCounts(windows), range: range, report: try report(range),
        seconds: 0)
      try Losses(model: "m", rules: .llama, compute: .f32, texts: [text], router: nil)
        .write(part, of: PartTesting.job(.perplexity, file, windows), to: path)
    }
    let found = try Losses(merging: set)
    #expect(found.texts[0].report.divergence == whole.divergence && found.router == nil)
  }

  @Test(arguments: PartTesting.Model.allCases)
  func `importance matrices`(_ model: PartTesting.Model) async throws {
    let file = try await parts.open(model)
    let windows = try Self.windows()
    func gathered(_ range: Range<Int>, memory: Int = 1 << 28) throws -> GatheredImportance {
      let gathering = ImportanceGathering(includesOutput: true)
      try PartTesting.evaluator(file, memory: memory)
        .gather(gathering, over: windows, only: range)
      return GatheredImportance(
        model: "m",
        texts: [
          TextImportance(
            datasets: ["random"], counts: WindowCounts(windows), range: range, sums: gathering.sums)
        ])
    }
    func bytes(_ matrix: ImportanceMatrix) throws -> Data {
      let path = testing.folder.path("matrix.gguf")
      try matrix.write(to: path)
      return try Data(contentsOf: URL(filePath: path))
    }
    let whole = try bytes(gathered(0..<windows.count).matrix())
    for count in Self.counts {
      let job = try PartTesting.job(.imatrix, file, windows)
      let set = try parts.merged(count) { part, path in
        try gathered(part.range(of: windows.count), memory: count == 2 ? 20_000 : 1 << 28)
          .write(part, of: job, to: path)
      }
      #expect(try bytes(GatheredImportance(merging: set).matrix()) == whole, "\(count)")
    }
  }

  /// Probes take the first three windows; with little memory, experts of a layer share them.
  @Test(arguments: PartTesting.Model.allCases, [1 << 28, 1 << 19])
  func sensitivity(_ model: PartTesting.Model, memory: Int) async throws {
    let file = try await parts.open(model)
    let windows = try Self.windows()
    func measure(_ part: JobPart?) throws -> (SensitivityPart, PartJob) {
      let measurement = try SensitivityMeasurement(
        PartTesting.evaluator(file, memory: memory), windows, of: ["random"],
        types: [.Q4_0, .Q8_0], importance: nil, probeWindows: 3, only: part)
      let state = testing.folder.path("state")
      defer { Disk.remove(state) }
      var job = PartJob(.sensitivity, toolVersion: "test")
      try measurement.describe(&job)
      return (try measurement.run(keepingStateIn: state), job)
    }
    let whole = try measure(nil).0.sensitivity.bytes()
    for count in [2, 9] {
      let set = try parts.merged(count) { part, path in
        let (found, job) = try measure(part)
        try found.write(part, of: job, to: path)
      }
      #expect(try SensitivityPart(merging: set).sensitivity.bytes() == whole, "\(count)")
    }
  }

  @Test func frontiers() async throws {
    let source = try testing.open(PartTesting.tiny.file(), "m.gguf")
    let windows = try EvaluationTesting.windows(3, of: PartTesting.tiny)
    let prior = try Sensitivity.prior(of: source, types: [.Q4_0, .Q8_0], importance: nil)
    func sweep(_ name: String) throws -> FrontierSweep {
      try FrontierSweep(
        source, prior, importance: nil, rules: AllocationRules(layout: .keep),
        grid: FrontierGrid(
          budgets: [24], uniformTypes: [.Q8_0, .Q4_0], expertCounts: [0, 3], lowType: .Q4_0,
          seed: 1),
        measurer: VariantMeasurer(
          source, importance: nil, texts: [.init(name: "random", windows: windows)],
          options: PartTesting.options(), scratch: testing.folder.path(name), toolVersion: "test"),
        speed: nil, toolVersion: "test")
    }
    let limits = FrontierLimits(sizeBytes: 1 << 30)
    var whole = try await sweep("whole").run()
    whole.choose(.quality, limits)
    let expected = try Self.text(whole)
    var paths: [String] = []
    for number in 1...3 {
      let part = try #require(JobPart(number, of: 3))
      let sweep = try sweep("part-\(number)")
      var job = PartJob(.frontier, toolVersion: "test")
      try sweep.describe(&job)
      let path = testing.folder.path("frontier-\(number).part")
      let found = try await sweep.run(only: part)
      try FrontierPart(found, part, of: sweep.pointCount, .quality, limits)
        .write(part, of: job, to: path)
      paths.append(path)
    }
    #expect(try Self.text(Frontier(merging: PartSet(paths.reversed()))) == expected)
    #expect(whole.points.count > 4 && whole.pick?.point != nil)
  }

  private static func text(_ frontier: Frontier) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(frontier), as: UTF8.self)
  }
}
