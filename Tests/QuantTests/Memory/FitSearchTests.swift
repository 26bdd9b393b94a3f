// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import Testing

@Suite struct FitSearchTests {
  /// The free memory of the GPUs in MiB, the model, and the options that llama.cpp's fitting chose.
  @Test(arguments: [("fit.tsv", 82), ("fit2.tsv", 266)])
  func `placements are those of llama.cpp's fitting`(table: String, count: Int) throws {
    var models: [String: MemoryModel] = [:]
    var (same, rows) = (0, 0)
    for line in try MemoryFixtures.lines(table) {
      let fields = line.split(separator: "\t").map(String.init)
      let model = try models[fields[1]] ?? MemoryFixtures.model(fields[1])
      models[fields[1]] = model
      let chosen = fields[3].trimmingCharacters(in: .whitespaces)
      let context = Int(chosen.split(separator: " ")[1]) ?? 0
      let targets = fields[0].split(separator: ",").map { ((Int($0) ?? 0) - 1024) << 20 }
      var options = ContextOptions(context: context)
      options.usesFusion = false
      let search = FitSearch(model: model, options: options, targets: targets)
      let found = Self.text(search.placement(), context: context)
      rows += 1
      if found == chosen { same += 1 } else { print("expected \(chosen), found \(found)") }
    }
    print("\(table): \(same) of \(rows) the same")
    #expect(rows == count)
    #expect(Double(same) >= 0.95 * Double(rows))
  }

  /// Rules of a fit are looked up fast: they mean what they print.
  @Test(arguments: ["qwen3-30b-a3b-Q4_K_M", "deepseek-v2-lite-Q4_K_M", "mixtral-8x7b-Q4_K_M"])
  func `rules of a fit place tensors as their expressions do`(name: String) throws {
    let model = try MemoryFixtures.model(name)
    let search = FitSearch(
      model: model, options: ContextOptions(context: 8192), targets: [5 << 30, 3 << 30])
    let rule = search.placement()
    var written = rule
    written.overrides = try rule.overrides.map {
      try .init(pattern: $0.pattern, device: $0.device)
    }
    #expect(!rule.overrides.isEmpty)
    #expect(
      DevicePlacement(model, rule: written).tensors == DevicePlacement(model, rule: rule).tensors)
  }

  /// The placement as `llama-fit-params` prints it.
  private static func text(_ rule: PlacementRule, context: Int) -> String {
    var text = "-c \(context) -ngl \(rule.gpuLayers ?? -1)"
    if rule.gpuLayers != nil && rule.gpuCount > 1 {
      text += " -ts " + rule.split.map { String(Int($0)) }.joined(separator: ",")
    }
    guard !rule.overrides.isEmpty else { return text }
    let overrides = rule.overrides.map { override in
      let device = override.device == .host ? "CPU" : "FAKE\(override.device == .gpu(1) ? 1 : 0)"
      return "\(override.pattern)=\(device)"
    }
    return text + " -ot \"\(overrides.joined(separator: ","))\""
  }
}
