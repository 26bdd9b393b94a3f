// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Requantizing") struct ExecutorTests {
  let folder: TemporaryFolder
  let source: String

  init() throws {
    folder = try TemporaryFolder()
    source = folder.path("source.gguf")
    try TinyModel.mixture().write(to: source)
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.file(name)) }

  private static let writablePresets = FileType.all.filter {
    FormatRegistry.encoder(of: $0.defaultType) != nil
  }

  @Test(arguments: writablePresets)
  func `the file has the size that the plan said, whatever the threads`(
    _ preset: FileType
  ) async throws {
    var recipe = Recipe(preset: preset)
    // Mixes of these presets hold types that cannot be written yet.
    recipe.isPure = !(try TinyModel.plan(source, recipe, to: .single("x")).unwritableTypes.isEmpty)
    let importance = try TinyModel.flatImportance(for: GGUFFile.open(source))
    let plan = try TinyModel.plan(
      source, recipe, to: .single(folder.path("1.gguf")), importance: importance)
    for threads in [1, 5] {
      try await TinyModel.requantize(
        source, recipe, to: .single(folder.path("\(threads).gguf")), importance: importance,
        threads: threads)
    }
    #expect(try bytes("1.gguf").count == plan.plan.byteCount)
    #expect(try bytes("1.gguf") == bytes("5.gguf"))
    let written = try GGUFFile.open(folder.path("1.gguf"))
    #expect(written.tensors.map(\.type) == plan.plan.tensors.map(\.description.type))
    #expect(written.metadata["general.file_type"]?.integer == preset.rawValue)
    #expect(!Disk.exists(folder.path("1.gguf.partial")))
    #expect(!Disk.exists(folder.path("1.gguf.journal")))
  }

  @Test(arguments: Effort.allCases)
  func `the bytes of an effort do not depend on the threads`(_ effort: Effort) async throws {
    var recipe = Recipe(preset: FileType(name: "Q4_K_M"))
    recipe.effort = effort
    for threads in [1, 5] {
      try await TinyModel.requantize(
        source, recipe, to: .single(folder.path("\(threads).gguf")), threads: threads)
    }
    #expect(try bytes("1.gguf") == bytes("5.gguf"))
    let text = try GGUFFile.open(folder.path("1.gguf")).metadata["quantize.recipe"]?.text
    #expect(text == (effort == .default ? "Q4_K_M" : "Q4_K_M; effort=\(effort.rawValue)"))
  }

  @Test func `copying changes no bytes`() async throws {
    try await TinyModel.requantize(source, Recipe(preset: nil), to: .single(folder.path("c.gguf")))
    let (a, b) = (try GGUFFile.open(source), try GGUFFile.open(folder.path("c.gguf")))
    for tensor in a.tensors {
      let other = try b.tensor(tensor.name)
      #expect(try a.bytes(of: tensor) == b.bytes(of: other))
    }
    var metadata = b.metadata
    metadata["quantize.recipe"] = nil
    metadata["quantize.tool"] = nil
    #expect(metadata == a.metadata)
  }

  @Test func `the error that is reported is the error in the file`() async throws {
    let output = OutputNaming.single(folder.path("q.gguf"))
    let recipe = Recipe(preset: FileType(name: "Q8_0"))
    let report = try await TinyModel.requantize(source, recipe, to: output)
    let (original, written) = (try GGUFFile.open(source), try GGUFFile.open(output.path))
    for (index, tensor) in original.tensors.enumerated() {
      let (x, y): ([Float], [Float]) = (
        try original.floats(of: tensor), try written.floats(of: written.tensor(tensor.name))
      )
      let error = zip(x, y).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      #expect(abs(report.errors[index].error - error) <= 1e-9 * max(error, 1))
    }
  }

  @Test func `an unusable weight is named by row and column, and nothing is left`() async throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    var values = [Float](repeating: 1, count: 256 * 4)
    values[2 * 256 + 7] = .nan
    model.add("blk.0.attn_q.weight", [256, 4], .F32, bytes: ModelFile.bytes(values, .F32))
    let path = folder.path("nan.gguf")
    try model.write(to: path)
    let error = await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(
        path, Recipe(preset: FileType(name: "BF16")), to: .single(folder.path("out.gguf")))
    }
    #expect(
      error?.description
        == "tensor \"blk.0.attn_q.weight\": row 2, column 7: expected a finite weight, found nan")
    #expect(!Disk.exists(folder.path("out.gguf")))
  }

  @Test func `a source cut short while it is read is an error`() async throws {
    let output = OutputNaming.single(folder.path("out.gguf"))
    let plan = try TinyModel.plan(source, Recipe(preset: nil), to: output)
    let size = try bytes("source.gguf").count
    try FileHandle(forWritingTo: folder.file("source.gguf")).truncate(atOffset: UInt64(size / 2))
    await #expect(throws: QuantError.self) {
      try await PlanExecutor(plan: plan.plan, importance: nil, output: output)
        .run(threads: 2) { _ in }
    }
    #expect(!Disk.exists(output.path))
  }

  @Test func `layers left out are numbered anew`() async throws {
    var recipe = Recipe(preset: FileType(name: "Q8_0"))
    recipe.prunedLayers = [0]
    let output = OutputNaming.single(folder.path("p.gguf"))
    try await TinyModel.requantize(source, recipe, to: output)
    let (original, pruned) = (try GGUFFile.open(source), try GGUFFile.open(output.path))
    #expect(pruned.metadata["llama.block_count"]?.integer == 1)
    #expect(pruned.metadata["llama.attention.head_count_kv"]?.elements?.integers() == [2])
    #expect(pruned.tensors.count == original.tensors.count - 5)
    #expect(!pruned.contains("blk.1.attn_v.weight"))
    let (old, new) = (
      try original.tensor("blk.1.attn_norm.weight"), try pruned.tensor("blk.0.attn_norm.weight")
    )
    #expect(try original.bytes(of: old) == pruned.bytes(of: new))
    recipe.prunedLayers = [2]
    #expect(throws: QuantError.self) { try TinyModel.plan(source, recipe, to: output) }
  }

  @Test func `big-endian models become little-endian ones`() async throws {
    let model = TinyModel.mixture(type: .F32)
    var swapped = model
    for (index, tensor) in model.tensors.enumerated() where tensor.type == .F32 {
      swapped.contents[index] = stride(from: 0, to: model.contents[index].count, by: 4)
        .flatMap { model.contents[index][$0..<$0 + 4].reversed() }
    }
    try model.write(to: folder.path("little.gguf"))
    try swapped.write(to: folder.path("big.gguf"), order: .big)
    let recipe = Recipe(preset: FileType(name: "Q8_0"))
    for name in ["little", "big"] {
      try await TinyModel.requantize(
        folder.path("\(name).gguf"), recipe, to: .single(folder.path("\(name)-q.gguf")))
    }
    #expect(try bytes("little-q.gguf") == bytes("big-q.gguf"))
  }
}

extension GGUFFile {
  /// A tensor's weights as floats.
  func floats(of tensor: TensorInfo) throws -> [Float] {
    var reader = try TensorReader(model: self, tensor: tensor)
    var values = [Float](repeating: 0, count: tensor.weightCount)
    var span = values.mutableSpan
    try reader.readRows(0..<tensor.rowCount, into: &span)
    return values
  }
}
