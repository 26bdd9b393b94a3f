// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// What is written is looked through: damage of the source does not reach the output.
@Suite("Damaged sources") struct DamageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A model with a tensor that is copied, some of its bytes changed.
  private func write(_ type: TensorType, at offset: Int, _ bytes: [UInt8]) throws -> String {
    var model = TinyModel.mixture()
    model.add("blk.1.ffn_gate_exps.weight", [256, 32, 4], type)
    let last = model.contents.count - 1
    model.contents[last].replaceSubrange(offset..<offset + bytes.count, with: bytes)
    let path = folder.path("source.gguf")
    try model.write(to: path)
    return path
  }

  @Test func `a damaged block is not copied, and named`() async throws {
    let source = try write(.Q8_0, at: 34 * 517, [0x00, 0x7C])
    let output = OutputNaming.single(folder.path("out.gguf"))
    let error = await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(source, Recipe(preset: nil), to: output)
    }
    #expect(
      error?.description
        == "tensor \"blk.1.ffn_gate_exps.weight\": block 517 (row 64, column 160), d: expected a finite"
        + " number, found inf; a damaged tensor is not copied (verifying the model shows all)")
    #expect(!Disk.exists(output.path))
  }

  @Test func `an exponent that stands for NaN is not copied`() async throws {
    let source = try write(.MXFP4, at: 17 * 3, [255])
    let error = await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(
        source, Recipe(preset: nil), to: .single(folder.path("out.gguf")))
    }
    #expect(error?.description.contains("block 3 (row 0, column 96), e: expected") == true)
  }

  @Test func `a type that nobody here knows is copied as it is`() async throws {
    let foreign = try #require(TensorType(name: "IQ3_K"))
    let source = try write(foreign, at: 0, Array(repeating: 0xFF, count: 110))
    let output = folder.path("out.gguf")
    try await TinyModel.requantize(source, Recipe(preset: nil), to: .single(output))
    let (a, b) = (try GGUFFile.open(source), try GGUFFile.open(output))
    let name = "blk.1.ffn_gate_exps.weight"
    #expect(try a.bytes(of: a.tensor(name)) == b.bytes(of: b.tensor(name)))
  }
}
