// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// All levels of the kernels restore the same weights, of every type that can be written.
@Suite("Decoders at all levels") struct DecodeLevelTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 11)
    let weights = (0..<256 * 5).map { _ in Float.random(in: -1...1, using: &random) }
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(1)
    for format in FormatRegistry.all {
      guard let encoder = format as? any EncodableFormat.Type else { continue }
      let name = "blk.0.\(format.type.name).weight"
      model.add(name, [256, 5], format.type, bytes: Self.encoded(weights, by: encoder))
    }
    try model.write(to: folder.path("in.gguf"))
  }

  private static func encoded(
    _ weights: [Float], by encoder: any EncodableFormat.Type
  ) -> [UInt8] {
    let layout = encoder.layout
    var bytes = [UInt8](
      repeating: 0, count: weights.count / layout.weightsPerBlock * layout.bytesPerBlock)
    var span = bytes.mutableSpan
    var blocks = span.mutableBytes
    encoder.encode(weights.span, rowWeights: 256, importance: nil, into: &blocks)
    return bytes
  }

  private func restored(_ level: KernelLevel, emulator: [String] = []) throws -> Data {
    let outcome = try Tool.run(
      [
        "requantize", "in.gguf", "out.gguf", "--type", "F32", "--pure", "--allow-requantize",
        "--restart",
      ],
      in: folder.url, variables: [KernelLevel.variable: level.rawValue], emulator: emulator)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try Data(contentsOf: folder.file("out.gguf"))
  }

  @Test func `every level of this machine restores the same`() throws {
    let baseline = try restored(.baseline)
    for level in KernelLevel.available.dropFirst() {
      #expect(try restored(level) == baseline, "\(level)")
    }
  }

  @Test(.enabled(if: Emulator.isAvailable, "\(Emulator.need)"))
  func `an old CPU restores the same`() throws {
    #expect(
      try restored(.baseline, emulator: Emulator.words) == restored(.baseline))
  }
}
