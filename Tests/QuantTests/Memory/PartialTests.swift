// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite struct PartialTests {
  @Test func `partial`() throws {
    for file in ["partial.tsv", "multigpu.tsv"] {
    var models: [String: MemoryModel] = [:]
    var wrong: [String: [String]] = [:]
    var rows = 0
    for line in try MemoryFixtures.lines(file) {
      let fields = line.split(separator: "\t").map(String.init)
      let name = fields[0]
      let model = try models[name] ?? MemoryFixtures.model(name)
      models[name] = model
      let shift = file == "multigpu.tsv" ? 1 : 0
      let free = shift == 1 ? fields[1].split(separator: ",").compactMap { Double($0) } : [1]
      let words = fields[1 + shift].split(separator: " ").map(String.init)
      var rule = PlacementRule(gpuCount: free.count)
      rule.split = free
      func value(_ option: String) -> String? { words.firstIndex(of: option).map { words[$0 + 1] } }
      rule.gpuLayers = value("-ngl").flatMap { Int($0) }
      if let split = value("-ts") { rule.split = split.split(separator: ",").compactMap { Double($0) } }
      if let count = value("-ncmoe").flatMap({ Int($0) }) {
        rule.overrides = try [.init(pattern: "blk\\.(" + (0..<min(count, 200)).map(String.init).joined(separator: "|") + ")\\.ffn_(up|down|gate|gate_up)_(ch|)exps", device: .host)]
      }
      if let pattern = value("-ot") { rule.overrides = try [.init(pattern: String(pattern.split(separator: "=")[0]), device: .host)] }
      let placement = DevicePlacement(model, rule: rule)
      let options = try MemoryFixtures.options(MemoryFixtures.pairs(fields[2 + shift]))
      let estimate = MemoryEstimate(model, placement: placement, options: options)
      var found: [String: DeviceMemory] = [:]
      for (index, gpu) in estimate.gpus.enumerated() { found["FAKE\(index)"] = gpu }
      rows += 1
      var hostModel = 0, hostCache = 0, hostCompute = 0
      for field in fields[(3 + shift)...] {
        let device = String(field.prefix { $0 != " " })
        let values = MemoryFixtures.pairs(field)
        guard let gpu = found[device] else { hostModel += values.number("model"); hostCache += values.number("ctx"); hostCompute += values.number("compute"); continue }
        for (what, mine, theirs) in [("weights", gpu.weights, "model"), ("cache", gpu.cache, "ctx"), ("compute", gpu.compute, "compute")] where mine != values.number(theirs) {
          wrong["\(file) \(device) \(what)", default: []].append("\n   \(name) \(fields[1]) \(fields[1 + shift]) \(fields[2 + shift]): \(mine - values.number(theirs)) of \(values.number(theirs))")
        }
      }
      for (what, mine, theirs) in [("weights", estimate.host.weights, hostModel), ("cache", estimate.host.cache, hostCache), ("compute", estimate.host.compute, hostCompute)] where mine != theirs {
        wrong["\(file) host \(what)", default: []].append("\n   \(name) \(fields[1]) \(fields[1 + shift]) \(fields[2 + shift]): \(mine - theirs) of \(theirs)")
      }
    }
    for (key, rows) in wrong.sorted(by: { $0.key < $1.key }) {
      print(key, rows.count, rows.prefix(30).joined())
    }
    print(file, rows)
    }
  }
}
