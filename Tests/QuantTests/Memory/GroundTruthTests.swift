// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Holds estimates to what llama.cpp needed in 2661 runs with all layers on one GPU or none, in 1288 with
/// weights outside, in 520 with two GPUs, and in 821 with what CUDA's fused kernels keep.
@Suite struct GroundTruthTests {
  /// A run of `groundtruth.csv`.
  struct Run {
    let row: MemoryFixtures.Row
    let model: MemoryModel
    let placement: DevicePlacement
    let options: ContextOptions

    var name: String {
      row.values.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
    }
    var needed: [Int] { [row.number("compute_dev"), row.number("compute_host")] }

    func compute(_ rule: ComputeRule) -> [Int] {
      let estimate = MemoryEstimate(model, placement: placement, options: options, rule: rule)
      return [estimate.gpus.first?.compute ?? 0, estimate.host.compute]
    }
  }

  static func runs(
    _ table: String = "groundtruth.csv", usesFusion: Bool = false, isHidden: Bool = false
  ) throws -> [Run] {
    var models: [String: MemoryModel] = [:]
    return try MemoryFixtures.table(table).filter { $0["status"] == "ok" }.map { row in
      let model = try models[row["model"]] ?? MemoryFixtures.model(row["model"], isHidden: isHidden)
      models[row["model"]] = model
      let rule = PlacementRule(gpuCount: row["backend"] == "gpu" ? 1 : 0)
      return Run(
        row: row, model: model, placement: DevicePlacement(model, rule: rule),
        options: try MemoryFixtures.options(row, usesFusion: usesFusion))
    }
  }

  @Test(arguments: [("groundtruth.csv", 874), ("groundtruth2.csv", 1787)])
  func `weights, caches and outputs are exact on every row`(table: String, count: Int) throws {
    let runs = try Self.runs(table)
    #expect(runs.count == count)
    for run in runs {
      let estimate = MemoryEstimate(run.model, placement: run.placement, options: run.options)
      let gpu = estimate.gpus.first
      #expect(gpu?.weights ?? 0 == run.row.number("model_dev"), "\(run.name)")
      #expect(estimate.host.weights == run.row.number("model_host"), "\(run.name)")
      #expect(gpu?.cache ?? 0 == run.row.number("kv_dev"), "\(run.name)")
      #expect(estimate.host.cache == run.row.number("kv_host"), "\(run.name)")
      #expect(estimate.host.output == run.row.number("output_bytes"), "\(run.name)")
      #expect(estimate.computeMethod == .replayed)
    }
  }

  @Test(arguments: ["groundtruth.csv", "groundtruth2.csv"])
  func `compute buffers are exact on every row`(table: String) throws {
    for run in try Self.runs(table) { #expect(run.compute(.best) == run.needed, "\(run.name)") }
  }

  @Test func `what CUDA's fused kernels keep is counted`() throws {
    let runs = try Self.runs("fuse2.csv", usesFusion: true)
    #expect(runs.count == 821)
    var exact = 0
    for run in runs {
      let found = run.compute(.best)
      for (found, needed) in zip(found, run.needed) {
        #expect(found >= needed - 1 << 20, "\(run.name)")
      }
      if found == run.needed { exact += 1 }
    }
    print("fuse2.csv: \(exact) of \(runs.count) exact")
    #expect(Double(exact) >= 0.97 * Double(runs.count))
  }

  @Test(arguments: [(ComputeRule.unknownArchitecture, 1.25), (.formula, .infinity)])
  func `bounds are never under`(rule: ComputeRule, most: Double) throws {
    var worst = 0.0
    for run in try Self.runs() {
      for (bound, needed) in zip(run.compute(rule), run.needed) {
        #expect(bound >= needed, "\(run.name)")
        if needed > 0 { worst = max(worst, Double(bound) / Double(needed)) }
      }
    }
    print("\(rule): at most", worst, "times what is needed")
    #expect(worst <= most)
  }

  @Test func `rejected runs are refused`() throws {
    let rows = try ["groundtruth.csv", "groundtruth2.csv"].flatMap(MemoryFixtures.table)
      .filter { $0["status"] == "rejected" }
    #expect(rows.count == 7 + 19)
    for row in rows {
      let shape = try MemoryFixtures.model(row["model"]).shape
      let options = try MemoryFixtures.options(row)
      #expect(throws: QuantError.self) { try options.check(for: shape) }
    }
  }

  // MARK: Weights outside, several GPUs

  @Test(arguments: [
    ("partial.tsv", 215, 1), ("multigpu.tsv", 28, 1), ("partial2.tsv", 1073, 0.99),
    ("multigpu2.tsv", 492, 1),
  ])
  func `placements are exact`(table: String, count: Int, part: Double) throws {
    let runs = try MemoryFixtures.placedRuns(table)
    #expect(runs.count == count)
    var exact = 0
    for run in runs {
      let estimate = MemoryEstimate(run.model, placement: run.placement, options: run.options)
      let found = MemoryFixtures.devices(estimate)
      #expect(found.map(\.weights) == run.needed.map(\.weights), "\(run.line)")
      #expect(found.map(\.cache) == run.needed.map(\.cache), "\(run.line)")
      for (device, needed) in zip(found, run.needed) {
        #expect(device.compute >= needed.compute - 1 << 20, "\(run.line)")
      }
      if found == run.needed { exact += 1 }
    }
    print("\(table): \(exact) of \(runs.count) exact on all devices")
    #expect(Double(exact) >= part * Double(runs.count))
  }

  @Test(
    arguments: ["partial.tsv", "multigpu.tsv"],
    [(ComputeRule.unknownArchitecture, 1.25), (.formula, .infinity)])
  func `bounds of placements are never under`(table: String, rule: (ComputeRule, Double)) throws {
    var worst = 0.0
    for run in try MemoryFixtures.placedRuns(table) {
      let estimate = MemoryEstimate(
        run.model, placement: run.placement, options: run.options, rule: rule.0)
      for (device, needed) in zip(MemoryFixtures.devices(estimate), run.needed) {
        #expect(device.compute >= needed.compute, "\(run.line)")
        if needed.compute > 0 {
          worst = max(worst, Double(device.compute) / Double(needed.compute))
        }
      }
    }
    print("\(table), \(rule.0): at most", worst, "times what is needed")
    #expect(worst <= rule.1)
  }
}
