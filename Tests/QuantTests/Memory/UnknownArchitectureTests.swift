// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Holds estimates of models with the name of their architecture hidden to what llama.cpp needed: never
/// under, and over by no more than the limits.
@Suite struct UnknownArchitectureTests {
  /// How far over the worst of some runs are, as parts of what was needed.
  private struct Excess {
    var short = 0.0
    var long = 0.0

    static let longContext = 32768

    mutating func add(_ ratio: Double, context: Int) {
      if context > Self.longContext { long = max(long, ratio) } else { short = max(short, ratio) }
    }
  }

  private func check(
    _ estimate: MemoryEstimate, _ needed: [MemoryFixtures.DeviceBytes], context: Int,
    _ name: String, _ excess: inout Excess
  ) {
    #expect(estimate.computeMethod == .bound, "\(name)")
    #expect(estimate.cacheMethod == .bound, "\(name)")
    for (device, needed) in zip(MemoryFixtures.devices(estimate), needed) {
      #expect(device.weights >= needed.weights, "\(name)")
      #expect(device.cache >= needed.cache, "\(name)")
      #expect(device.compute >= needed.compute, "\(name)")
      guard needed.total > 0 else { continue }
      excess.add(Double(device.total) / Double(needed.total), context: context)
    }
  }

  private func expectWithinLimits(_ excess: Excess, _ table: String) {
    print("\(table), name hidden: at most", excess.short, excess.long, "times what is needed")
    #expect(excess.short <= 1.25)
    #expect(excess.long <= 1.6)
  }

  @Test(
    arguments: [
      ("groundtruth.csv", 874), ("groundtruth2.csv", 1787), ("fuse2.csv", 821),
    ])
  func `runs on one GPU or none are bounded`(table: String, count: Int) throws {
    let runs = try GroundTruthTests.runs(
      table, usesFusion: table == "fuse2.csv", isHidden: true)
    #expect(runs.count == count)
    var excess = Excess()
    for run in runs {
      let estimate = MemoryEstimate(run.model, placement: run.placement, options: run.options)
      let parts = ["dev", "host"].map { place in
        MemoryFixtures.DeviceBytes(
          weights: run.row.number("model_\(place)"), cache: run.row.number("kv_\(place)"),
          compute: run.row.number("compute_\(place)"))
      }
      let needed = Array(parts.suffix(estimate.gpus.count + 1))
      check(estimate, needed, context: run.options.context, run.name, &excess)
    }
    expectWithinLimits(excess, table)
  }

  @Test(
    arguments: [
      ("partial.tsv", 215), ("multigpu.tsv", 28), ("partial2.tsv", 1073), ("multigpu2.tsv", 492),
    ])
  func `runs with weights outside or two GPUs are bounded`(table: String, count: Int) throws {
    let runs = try MemoryFixtures.placedRuns(table, isHidden: true)
    #expect(runs.count == count)
    var excess = Excess()
    for run in runs {
      let estimate = MemoryEstimate(run.model, placement: run.placement, options: run.options)
      check(estimate, run.needed, context: run.options.context, run.line, &excess)
    }
    expectWithinLimits(excess, table)
  }
}

extension MemoryFixtures.DeviceBytes {
  fileprivate var total: Int { weights + cache + compute }
}
