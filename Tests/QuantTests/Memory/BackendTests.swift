// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// What backends differ in: padding, alignment, and what their fused kernels have the allocator keep.
@Suite struct BackendTests {
  private static func estimate(
    _ model: MemoryModel, _ backend: ComputeBackend, fuses: Bool, gpus: Int = 1
  ) -> MemoryEstimate {
    var options = ContextOptions(context: 8192)
    options.backend = backend
    options.usesFusion = fuses
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: gpus))
    return MemoryEstimate(model, placement: placement, options: options)
  }

  /// Bytes of llama.cpp's own accounting, with its fused kernels and without.
  @Test(arguments: [ComputeBackend.cuda, .rocm])
  func `fused kernels of a mixture need room`(backend: ComputeBackend) throws {
    let model = try MemoryFixtures.model("qwen3-30b-a3b-Q4_K_M")
    let plain = Self.estimate(model, backend, fuses: false)
    let fused = Self.estimate(model, backend, fuses: true)
    #expect(plain.gpus[0].compute == 315_359_232)
    #expect(fused.gpus[0].compute == 358_125_568)
    #expect(fused.host.compute == plain.host.compute)
  }

  @Test(arguments: ComputeBackend.allCases)
  func `models without experts, and hosts, need the same`(backend: ComputeBackend) throws {
    let dense = try MemoryFixtures.model("tanuki-8b-Q6_K")
    let mixture = try MemoryFixtures.model("qwen3-30b-a3b-Q4_K_M")
    for (model, gpus) in [(dense, 1), (dense, 0), (mixture, 0)] {
      let plain = Self.estimate(model, backend, fuses: false, gpus: gpus)
      let fused = Self.estimate(model, backend, fuses: true, gpus: gpus)
      #expect(plain.gpus == fused.gpus)
      #expect(plain.host.compute == fused.host.compute)
    }
  }

  @Test func `CUDA alone pads quantized rows`() throws {
    // Heads of gpt-oss are no multiple of 512 numbers wide.
    let model = try MemoryFixtures.model("gpt-oss-20b")
    let weights = ComputeBackend.allCases.filter { $0 != .cpu }.map {
      Self.estimate(model, $0, fuses: true).gpus[0].weights
    }
    #expect(weights[0] == weights[1])
    #expect(weights[2] < weights[0] && weights[3] < weights[0])
  }

  @Test func `Metal's kernels need room beside their results`() throws {
    let model = try MemoryFixtures.model("qwen3-30b-a3b-Q4_K_M")
    let metal = Self.estimate(model, .metal, fuses: true).gpus[0].compute
    #expect(metal > Self.estimate(model, .cuda, fuses: true).gpus[0].compute)
  }

  @Test func `two backends were compared with runs`() {
    #expect(ComputeBackend.allCases.filter(\.isHeld) == [.cuda, .cpu])
  }
}
