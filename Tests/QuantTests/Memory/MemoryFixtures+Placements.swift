// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

extension MemoryFixtures {
  /// A run with given options of placement: a line of `partial.tsv` or `multigpu.tsv`.
  struct PlacedRun {
    let model: MemoryModel
    let placement: DevicePlacement
    let options: ContextOptions
    /// Bytes that the run needed: weights, cache and compute of each GPU, and of the host last.
    let needed: [DeviceBytes]
    let line: String
  }

  struct DeviceBytes: Equatable {
    var weights = 0
    var cache = 0
    var compute = 0
  }

  /// All runs of a table.
  static func placedRuns(_ name: String, isHidden: Bool = false) throws -> [PlacedRun] {
    var models: [String: MemoryModel] = [:]
    return try lines(name).map { line in
      var fields = line.split(separator: "\t").map(String.init)
      let model = try models[fields[0]] ?? self.model(fields[0], isHidden: isHidden)
      models[fields[0]] = model
      fields.removeFirst()
      // Free memory of each GPU, in MiB, where there are several.
      let free = name.hasPrefix("multigpu") ? numbers(fields.removeFirst()) : [1]
      let rule = try self.rule(fields[0], free: free)
      return PlacedRun(
        model: model, placement: DevicePlacement(model, rule: rule),
        options: try options(pairs(fields[1])), needed: needed(fields[2...], gpus: free.count),
        line: line)
    }
  }

  private static func numbers(_ text: String) -> [Double] {
    text.split(separator: ",").compactMap { Double($0) }
  }

  private static func rule(_ arguments: String, free: [Double]) throws -> PlacementRule {
    let words = arguments.split(separator: " ").map(String.init)
    func value(_ option: String) -> String? { words.firstIndex(of: option).map { words[$0 + 1] } }
    var rule = PlacementRule(gpuCount: free.count, gpuLayers: value("-ngl").flatMap { Int($0) })
    rule.split = value("-ts").map(numbers) ?? free
    if let count = value("-ncmoe").flatMap({ Int($0) }) {
      rule.overrides = [.expertsOfFirstLayers(count)]
    }
    if let pattern = value("-ot")?.split(separator: "=").first {
      rule.overrides = [try .init(pattern: String(pattern), device: .host)]
    }
    return rule
  }

  private static func needed(_ fields: ArraySlice<String>, gpus: Int) -> [DeviceBytes] {
    var devices = Array(repeating: DeviceBytes(), count: gpus + 1)
    for field in fields {
      let device = field.prefix { $0 != " " }
      let gpu = device.hasPrefix("FAKE") ? Int(device.dropFirst("FAKE".count)) : nil
      let values = pairs(field)
      devices[gpu ?? gpus].weights += values.number("model")
      devices[gpu ?? gpus].cache += values.number("ctx")
      devices[gpu ?? gpus].compute += values.number("compute")
    }
    return devices
  }

  /// What an estimate says, in the same form.
  static func devices(_ estimate: MemoryEstimate) -> [DeviceBytes] {
    (estimate.gpus + [estimate.host]).map {
      DeviceBytes(weights: $0.weights, cache: $0.cache, compute: $0.compute)
    }
  }
}
