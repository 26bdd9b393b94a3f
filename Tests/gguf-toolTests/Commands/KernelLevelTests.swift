// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// All levels of the kernels write the same bytes.
@Suite("Kernel levels") struct KernelLevelTests {
  let folder: TemporaryFolder
  /// One preset for each kernel.
  private static let presets = [
    "Q4_K_M", "Q3_K_S", "Q4_0", "Q5_1", "Q8_0", "Q2_K", "TQ2_0", "MXFP4_MOE", "BF16",
    "NVFP4", "Q2_0",
  ]

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 3)
    let weights = (0..<256 * 96).flatMap { _ -> [UInt8] in
      let bits = UInt16(random.next() & 0x87FF) | 0x2400
      return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
    }
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(1)
    model.add("blk.0.attn_v.weight", [256, 96], .F16, bytes: weights)
    model.add("blk.0.ffn_down.weight", [256, 96], .F16, bytes: weights)
    try model.write(to: folder.path("in.gguf"))
  }

  private func written(
    _ preset: String, _ level: KernelLevel, effort: Effort = .default, emulator: [String] = []
  ) throws -> Data {
    let outcome = try Tool.run(
      [
        "requantize", "in.gguf", "out.gguf", "--type", preset, "--pure", "--restart", "--effort",
        effort.rawValue,
      ],
      in: folder.url, variables: [KernelLevel.variable: level.rawValue], emulator: emulator)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try Data(contentsOf: folder.file("out.gguf"))
  }

  @Test(arguments: presets) func `every level of this machine writes the same`(
    _ preset: String
  ) throws {
    let baseline = try written(preset, .baseline)
    for level in KernelLevel.available.dropFirst() {
      #expect(try written(preset, level) == baseline, "\(level)")
    }
  }

  @Test(arguments: ["Q4_K_S", "Q3_K_S", "IQ4_XS", "IQ3_S", "NVFP4", "Q2_0"], [Effort.fast, .best])
  func `so it does with more or less effort`(_ preset: String, _ effort: Effort) throws {
    let baseline = try written(preset, .baseline, effort: effort)
    for level in KernelLevel.available.dropFirst() {
      #expect(try written(preset, level, effort: effort) == baseline, "\(level)")
    }
  }

  @Test(.enabled(if: Emulator.isAvailable, "\(Emulator.need)"))
  func `an old CPU runs the baseline and writes the same`() throws {
    for preset in Self.presets {
      #expect(
        try written(preset, .baseline, emulator: Emulator.words)
          == written(preset, .baseline))
    }
  }

  @Test func `a level that is not to be had is refused`() throws {
    let outcome = try Tool.run(
      ["inspect", folder.path("in.gguf")], variables: [KernelLevel.variable: "mmx"])
    #expect(outcome.status == 64)
    #expect(
      outcome.errors.contains("GGUF_TOOL_KERNELS: expected one of baseline"), "\(outcome.errors)")
  }

  @Test func `--version --verbose names the level`() throws {
    let outcome = try Tool.run(
      ["--version", "--verbose"], variables: [KernelLevel.variable: "baseline"])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("kernels    baseline"))
  }
}
