// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Holds predictions to the runs of two articles: Ollama 0.5.11 on a Ryzen 5 5600X with 64 GB of
/// DDR4-3200 and a Radeon RX 7600 XT of 16 GB. Memory is in GiB, as Windows counts it.
@Suite struct SeedTests {
  /// One run.
  struct Run: Sendable {
    let model: String
    let isOnGPU: Bool
    let layers: Int
    let tokensPerSecond: Double
    let ram: Double
    let vram: Double?

    init(
      _ model: String, _ layers: Int?, _ speed: Double, ram: Double, vram: Double? = nil
    ) {
      self.model = model
      isOnGPU = layers != nil
      self.layers = layers ?? 0
      tokensPerSecond = speed
      self.ram = ram
      self.vram = vram
    }
  }

  static let runs = [
    Run("tanuki-8b-Q6_K", nil, 6.77, ram: 6.8),
    Run("tanuki-8b-Q6_K", 33, 37.50, ram: 6.2, vram: 7.9),
    Run("tanuki-8x8b-Q4_K_M", nil, 5.08, ram: 27.6),
    Run("tanuki-8x8b-Q4_K_M", 16, 6.44, ram: 28.7, vram: 13.2),
    Run("tanuki-8x8b-IQ2_XXS", nil, 3.87, ram: 12.9),
    Run("tanuki-8x8b-IQ2_XXS", 33, 18.16, ram: 13.4, vram: 13.1),
    Run("llama33-70b-Q4_K_M", nil, 0.99, ram: 42),
    Run("llama33-70b-Q4_K_M", 27, 1.34, ram: 41.6, vram: 15.2),
    Run("llama33-70b-Q2_K", nil, 1.46, ram: 27.2),
    Run("llama33-70b-Q2_K", 46, 2.42, ram: 26.9, vram: 15.7),
  ]

  /// What is predicted of a run.
  struct Prediction {
    let layers: Int
    let ram: Double
    let vram: Double
    let speed: Throughput

    init(_ run: Run, freeGiB: Double = 15.7) throws {
      let model = try MemoryFixtures.model(run.model)
      let free = run.isOnGPU ? Int(freeGiB * 0x1p30) : nil
      let decision = try OllamaProfile(model).decision(freeBytes: free)
      layers = decision.gpuLayers
      var rule = PlacementRule(gpuCount: run.isOnGPU ? 1 : 0, gpuLayers: decision.gpuLayers)
      rule.order = .outputLast
      let placement = DevicePlacement(model, rule: rule)
      var options = ContextOptions(context: decision.context)
      options.batch = 512
      options.sequences = decision.sequences
      options.isUnified = true
      options.usesFlashAttention = false
      options.usesFusion = false
      let estimate = MemoryEstimate(model, placement: placement, options: options)
      let host = estimate.host.weights + estimate.host.cache
      ram = Double(run.isOnGPU ? model.tensorBytes : host) / 0x1p30
      vram = Double(estimate.gpus.first?.total ?? 0) / 0x1p30
      let machine = try Machine(pairs: "cpu=51.2,gpu=288", option: "--bandwidth")
      speed = machine.throughput(of: model.traffic(placement, options: options))
    }
  }

  @Test(arguments: [15.66, 15.7, 15.75])
  func `layers on the GPU are those that Ollama chose`(free: Double) throws {
    for run in Self.runs where run.isOnGPU {
      let prediction = try Prediction(run, freeGiB: free)
      #expect(prediction.layers == run.layers, "\(run.model)")
    }
  }

  @Test(arguments: runs.filter { !$0.isOnGPU })
  func `RAM of runs on the processor is within a hundredth`(run: Run) throws {
    let prediction = try Prediction(run)
    #expect(abs(prediction.ram / run.ram - 1) < 0.01, "\(prediction.ram) against \(run.ram)")
  }

  @Test(arguments: runs.filter { $0.isOnGPU })
  func `VRAM is within the gigabyte that drivers take`(run: Run) throws {
    let prediction = try Prediction(run)
    #expect(abs(prediction.vram - (run.vram ?? 0)) < 1, "\(prediction.vram)")
  }

  @Test(arguments: runs.filter { !$0.model.contains("8x8b") })
  func `the speed of dense models is within a fifth`(run: Run) throws {
    let rate = try #require(try Prediction(run).speed.rate)
    #expect(abs(rate.tokensPerSecond / run.tokensPerSecond - 1) < 0.2)
    #expect(rate.range.contains(run.tokensPerSecond))
  }

  @Test(arguments: runs.filter { $0.model.contains("8x8b") })
  func `the speed of mixtures is within its range, or not modelled`(run: Run) throws {
    switch try Prediction(run).speed {
    case .modelled(let rate):
      #expect(rate.range.contains(run.tokensPerSecond), "\(rate.range)")
    case .notModelled:
      #expect(run.model.contains("IQ2_XXS") && !run.isOnGPU)
    }
  }

  /// Prints the table of Docs/Memory.md, which `documentation` compares with it.
  @Test func `the table of the documentation is what is predicted`() throws {
    let lines = try Self.runs.map(Self.row)
    print(lines.joined(separator: "\n"))
    let text = try String(
      contentsOf: Paths.root.appending(path: "Docs/Memory.md"), encoding: .utf8)
    for line in lines { #expect(text.contains(line), "Docs/Memory.md lacks \(line)") }
  }

  private static func row(_ run: Run) throws -> String {
    let prediction = try Prediction(run)
    let all = run.model.hasPrefix("llama33") ? 81 : 33
    let layers = run.isOnGPU ? "\(prediction.layers)/\(all) (\(run.layers)/\(all))" : "–"
    let ram = run.isOnGPU ? "–" : "\(fixed(prediction.ram, 2)) (\(run.ram))"
    let vram = run.vram.map { "\(fixed(prediction.vram, 2)) (\($0))" } ?? "–"
    let speed =
      prediction.speed.rate.map { rate in
        "\(fixed(rate.tokensPerSecond, 2)), \(fixed(rate.range.lowerBound, 2)) to"
          + " \(fixed(rate.range.upperBound, 2)) (\(run.tokensPerSecond))"
      } ?? "not modelled (\(run.tokensPerSecond))"
    let place = run.isOnGPU ? (run.layers == all ? "GPU" : "CPU + GPU") : "CPU"
    return "| \(run.model) | \(place) | \(layers) | \(ram) | \(vram) | \(speed) |"
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    let unit = digits == 2 ? 100.0 : 10.0
    let whole = Int((value * unit).rounded())
    let fraction = String(whole % Int(unit))
    return
      "\(whole / Int(unit)).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
  }
}
