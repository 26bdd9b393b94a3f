// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Speeds that people published, of models whose shapes are known: one token after the other, with a
/// context that is all but empty.
@Suite struct MeasuredSpeedTests {
  /// One run.
  struct Run: Sendable, CustomTestStringConvertible {
    let model: String
    let preset: String?
    let device: String
    /// As `--bandwidth` takes it.
    let bandwidth: String
    /// Layers whose experts are on the processor, or layers on the GPU.
    var outside: Int?
    var layers: Int?
    let tokensPerSecond: Double
    let source: String

    var testDescription: String { "\(model) on \(device)" }

    init(
      _ model: String, _ preset: String?, on device: String, _ bandwidth: String,
      outside: Int? = nil, layers: Int? = nil, _ speed: Double, _ source: String
    ) {
      (self.model, self.preset) = (model, preset)
      (self.device, self.bandwidth) = (device, bandwidth)
      (self.outside, self.layers) = (outside, layers)
      (tokensPerSecond, self.source) = (speed, source)
    }
  }

  /// Models without a header in TestVectors, as `--shape` takes them.
  static let shapes = [
    "llama-8b":
      "layers=32,embedding=4096,heads=32,kv-heads=8,feed-forward=14336,vocabulary=128256",
    "mistral-7b":
      "layers=32,embedding=4096,heads=32,kv-heads=8,feed-forward=14336,vocabulary=32768",
    "llama-7b": "layers=32,embedding=4096,heads=32,feed-forward=11008,vocabulary=32000",
    "qwen3-8b":
      "layers=36,embedding=4096,heads=32,kv-heads=8,feed-forward=12288,vocabulary=151936",
    "qwen3-32b":
      "layers=64,embedding=5120,heads=64,kv-heads=8,head-size=128,feed-forward=25600,vocabulary=151936",
  ]

  static let runs = [
    Run("llama33-70b-Q4_K_M", nil, on: "M2 Ultra", "gpu=800", 12.21, "the second article"),
    Run("llama-8b", "Q4_K_M", on: "RX 7900 XTX", "gpu=960", 105.75, "llama.cpp pull 26284"),
    Run("llama-8b", "Q5_K_M", on: "RX 7900 XTX", "gpu=960", 100.6, "llama.cpp pull 26284"),
    Run("llama-8b", "Q4_K_M", on: "RTX 3080", "gpu=760", 111.95, "dmatora/… issue 12"),
    Run("llama-8b", "Q4_K_M", on: "RTX 2080", "gpu=448", 71.9, "llmfit pull 773"),
    Run("mistral-7b", "Q4_K_M", on: "RTX 2080", "gpu=448", 77.8, "llmfit pull 778"),
    Run("qwen3-8b", "Q4_K_M", on: "RTX 2080", "gpu=448", 69.3, "llmfit pull 773"),
    Run("qwen3-8b", "Q4_K_M", on: "RTX 5090", "gpu=1792", 221.7, "continuum pull 1627"),
    Run("qwen3-8b", "Q4_K_M", on: "RX 9070 XT", "gpu=640", 104.3, "llama.cpp issue 26663"),
    Run("qwen3-32b", "Q4_K_M", on: "RX 7900 XT", "gpu=800", 31.58, "llmfit pull 808"),
    Run("llama-8b", "Q4_K_M", on: "M1 Max", "gpu=400", 46.2, "normiebench issue 40"),
    Run("llama-8b", "Q4_K_M", on: "M4", "gpu=120", 20.87, "normiebench issue 3"),
    Run("llama-8b", "Q4_K_M", on: "Strix Halo", "gpu=256", 41.6, "strixhalo-homelab issue 11"),
    Run("llama-8b", "Q2_K", on: "R9700", "gpu=640", 115.93, "llama.cpp pull 26705"),
    Run("llama-8b", "Q3_K_M", on: "R9700", "gpu=640", 102.53, "llama.cpp pull 26705"),
    Run("llama-7b", "Q4_0", on: "P40", "gpu=347", 56.79, "llama.cpp pull 4766"),
    Run("llama-7b", "Q4_0", on: "RX 5700 XT", "gpu=448", 65.19, "llama.cpp pull 13324"),
    Run("qwen3-30b-a3b-Q4_K_M", nil, on: "RX 7900 XT", "gpu=800", 151.77, "llmfit pull 808"),
    Run("gpt-oss-20b", nil, on: "RX 9070 XT", "gpu=640", 132, "lmstudio-bug-tracker issue 574"),
    Run("gpt-oss-20b", nil, on: "RTX PRO 6000", "gpu=1792", 391.2, "llama.cpp pull 16991"),
    Run("gpt-oss-20b", nil, on: "RTX 3090", "gpu=936", 186.3, "llama.cpp pull 15631"),
    Run("deepseek-v2-lite-f16", "Q4_0", on: "RTX 3090", "gpu=936", 180.5, "llama.cpp pull 15525"),
    Run("mixtral-8x7b-f16", "Q8_0", on: "Ryzen 5900X", "cpu=57.6", 3.58, "llama.cpp issue 4716"),
    Run("mixtral-8x7b-f16", "Q8_0", on: "Ryzen 7950X", "cpu=57.6", 3.37, "llama.cpp issue 4716"),
    Run(
      "gpt-oss-20b", nil, on: "i9-10900X + RTX 2080", "cpu=102,gpu=448", outside: 12, 36.4,
      "llmfit pull 775"),
    Run(
      "deepseek-v2-lite-Q4_K_M", nil, on: "i9-10900X + RTX 2080", "cpu=102,gpu=448", outside: 16,
      49.6, "llmfit pull 778"),
    Run(
      "qwen3-30b-a3b-Q4_K_M", nil, on: "i9-10900X + RTX 2080", "cpu=102,gpu=448", outside: 36,
      36.7, "llmfit pull 755"),
    Run(
      "gemma2-9b-Q4_K_M", nil, on: "i9-10900X + RTX 2080", "cpu=102,gpu=448", layers: 36, 23.7,
      "llmfit pull 778"),
  ]

  private static func rate(_ run: Run) throws -> TokenRate {
    var model =
      try shapes[run.model].map {
        try MemoryModel(
          ModelConfiguration(shape: $0, option: "--shape").header(run.model), name: run.model)
      } ?? MemoryFixtures.model(run.model)
    if let preset = run.preset {
      let preset = try #require(FileType(name: preset))
      model = try model.retyped(Recipe(preset: preset), hasImportance: false)
    }
    let isOnGPU = run.bandwidth.contains("gpu")
    var rule = PlacementRule(gpuCount: isOnGPU ? 1 : 0, gpuLayers: run.layers)
    if let outside = run.outside { rule.overrides = [.expertsOfFirstLayers(outside)] }
    let machine = try Machine(pairs: run.bandwidth, option: "--bandwidth")
    let placement = DevicePlacement(model, rule: rule)
    let traffic = model.traffic(placement, options: ContextOptions(context: 4096))
    return try #require(machine.throughput(of: traffic).rate)
  }

  @Test(arguments: runs)
  func `a published speed is within the range`(run: Run) throws {
    let rate = try Self.rate(run)
    #expect(rate.range.contains(run.tokensPerSecond), "likely \(rate.tokensPerSecond)")
  }

  /// Of these and of the seeds (`SeedTests`), half lie within 7 % of what is likely.
  @Test func `half of the speeds are within seven percent`() throws {
    var errors = try Self.runs.map {
      abs(try Self.rate($0).tokensPerSecond / $0.tokensPerSecond - 1)
    }
    errors += try SeedTests.runs.compactMap { run in
      let rate = try SeedTests.Prediction(run).speed.rate
      return rate.map { abs($0.tokensPerSecond / run.tokensPerSecond - 1) }
    }
    #expect(errors.count > 35)
    #expect(errors.sorted()[errors.count / 2] < 0.07)
  }

  @Test func `the table of the documentation is what is predicted`() throws {
    let text = try String(
      contentsOf: Paths.root.appending(path: "Docs/Memory.md"), encoding: .utf8)
    for run in Self.runs {
      let rate = try Self.rate(run)
      let place = [run.outside.map { " -ncmoe \($0)" }, run.layers.map { " -ngl \($0)" }]
      let name = run.model + (run.preset.map { " \($0)" } ?? "")
      let likely = String(format: "%.1f", rate.tokensPerSecond)
      let line =
        "| \(name)\(place.compactMap(\.self).joined()) | \(run.device) | \(run.bandwidth) | \(likely)"
        + " (\(run.tokensPerSecond)) | \(run.source) |"
      #expect(text.contains(line), "Docs/Memory.md lacks \(line)")
    }
  }
}
