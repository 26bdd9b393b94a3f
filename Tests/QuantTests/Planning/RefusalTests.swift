// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Jobs that must not begin, and what must still be there after they were refused.
@Suite("Refused jobs") struct RefusalTests {
  let folder: TemporaryFolder
  let source: String
  private let recipe = Recipe(preset: FileType(name: "Q8_0"))

  init() throws {
    folder = try TemporaryFolder()
    source = folder.path("source.gguf")
    try TinyModel.mixture().write(to: source)
  }

  private func refusal(
    _ source: String, to output: String, importance: ImportanceMatrix? = nil
  ) async throws -> String {
    let output = OutputNaming.single(folder.path(output))
    let error = await #expect(throws: QuantError.self) {
      try await TinyModel.requantize(source, recipe, to: output, importance: importance)
    }
    return error?.description ?? ""
  }

  @Test func `a source under the output's temporary name is not emptied`() async throws {
    let download = folder.path("model.gguf.partial")
    try TinyModel.mixture().write(to: download)
    let before = try Data(contentsOf: folder.file("model.gguf.partial"))
    #expect(try await refusal(download, to: "model.gguf").contains("replace its own source"))
    #expect(try Data(contentsOf: folder.file("model.gguf.partial")) == before)
    #expect(!Disk.exists(folder.path("model.gguf.journal")))
  }

  @Test func `an importance matrix is not written over`() async throws {
    let path = folder.path("matrix.gguf")
    try TinyModel.flatImportance(for: GGUFFile.open(source)).write(to: path)
    let text = try await refusal(source, to: "matrix.gguf", importance: .read(path))
    #expect(text.contains("replace its own source"))
    #expect(try !ImportanceMatrix.read(path).entries.isEmpty)
  }

  @Test func `a folder or device is refused before the work and not after`() async throws {
    try FileManager.default.createDirectory(
      at: folder.file("folder"), withIntermediateDirectories: false)
    #expect(try await refusal(source, to: "folder").contains("found a folder or a device"))
    #expect(!Disk.exists(folder.path("folder.partial")))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("device"), withDestinationPath: "/dev/null")
    #expect(try await refusal(source, to: "device").contains("found a folder or a device"))
  }

  @Test func `a run that is not over cannot be discarded by another`() async throws {
    let output = OutputNaming.single(folder.path("out.gguf"))
    let running = try RecordFile(path: Journal.path(of: output.path))
    try Data([1, 2, 3]).write(to: folder.file("out.gguf.partial"))
    let plan = try TinyModel.plan(source, recipe, to: output).plan
    let executor = PlanExecutor(plan: plan, importance: nil, output: output)
    let error = await #expect(throws: QuantError.self) {
      try await executor.run(threads: 1, restarting: true) { _ in }
    }
    #expect(error?.description.contains("another process is writing") == true)
    #expect(try Data(contentsOf: folder.file("out.gguf.partial")).count == 3)
    #expect(Disk.exists(running.path))
  }

  @Test func `a type that cannot be decoded is refused before the work`() throws {
    var model = TinyModel.mixture()
    let foreign = try #require(TensorType(name: "IQ3_K"))
    model.add("blk.1.ffn_gate_exps.weight", [256, 32, 4], foreign)
    let path = folder.path("foreign.gguf")
    try model.write(to: path)
    var recipe = recipe
    recipe.allowsRequantizing = true
    let plan = try TinyModel.plan(path, recipe, to: .single(folder.path("out.gguf")))
    #expect(plan.unreadableTensors.map(\.name) == ["blk.1.ffn_gate_exps.weight"])
    let error = #expect(throws: QuantError.self) { try plan.check() }
    #expect(error?.description.contains("only ik_llama.cpp reads") == true)
    let copy = try TinyModel.plan(path, Recipe(preset: nil), to: .single("out.gguf"))
    #expect(throws: Never.self) { try copy.check() }
  }

  @Test func `some layer must be left`() throws {
    var recipe = recipe
    recipe.prunedLayers = [0, 1]
    let error = #expect(throws: QuantError.self) {
      try TinyModel.plan(source, recipe, to: .single("out.gguf"))
    }
    #expect(error?.description.contains("none of the 2 layers") == true)
  }

  @Test func `a rule for what is never quantized counts as unused`() throws {
    var recipe = recipe
    recipe.rules = try ["ffn_gate_inp=F16", "attn_v=F16"].map {
      try TypeRule(option: $0, file: "--tensor-type")
    }
    let plan = try TinyModel.plan(source, recipe, to: .single("out.gguf"))
    #expect(plan.unusedRules == ["ffn_gate_inp"])
  }

  @Test func `sums of sizes that no file has do not trap`() throws {
    // Signs alone take so little room that 2^63 weights fit below 2^63 bytes.
    let tensors = (0..<2).map {
      TensorDescription(
        name: "blk.\($0).ffn_up.weight", dimensions: [1 << 31, 1 << 31], type: .Q1_0)
    }
    let layout = try GGUFLayout(path: "", metadata: Metadata(), tensors: tensors)
    let path = try folder.write(layout.header, "huge.gguf")
    let plan = try RequantizePlan(
      source: GGUFFile.open(path, requiring: .headerOnly), recipe: Recipe(preset: nil),
      importance: nil, output: .split("out.gguf", .maxTensors(9)), toolVersion: "test")
    #expect(plan.plan.weightCount == .max)
  }
}
