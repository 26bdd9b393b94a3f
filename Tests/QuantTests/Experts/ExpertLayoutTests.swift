// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Layouts of experts") struct ExpertLayoutTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func recipe(_ preset: String?, _ layout: ExpertLayout, _ rules: String...) throws
    -> Recipe
  {
    var recipe = Recipe(preset: preset.flatMap { FileType(name: $0) })
    recipe.layout = layout
    recipe.allowsRequantizing = true
    recipe.rules = try rules.map { try TypeRule(option: $0, file: "r.txt") }
    return recipe
  }

  @discardableResult
  private func requantize(
    _ from: String, _ recipe: Recipe, to: String, importance: ImportanceMatrix? = nil
  ) async throws -> GGUFFile {
    try await TinyModel.requantize(
      folder.path(from), recipe, to: .single(folder.path(to)), importance: importance)
    return try GGUFFile.open(folder.path(to))
  }

  @Test func `cutting apart and putting together again restores all bytes`() async throws {
    try ExpertModel.rich().write(to: folder.path("a.gguf"))
    let apart = try await requantize("a.gguf", recipe(nil, .perExpert), to: "b.gguf")
    #expect(!apart.tensors.contains { $0.name.contains("_exps") })
    #expect(try apart.tensor("blk.0.ffn_gate_up.3.weight").dimensions == [64, 64])
    #expect(try apart.tensor("blk.0.ffn_gate_up.3.bias").dimensions == [64])
    #expect(try apart.tensor("blk.1.ffn_up.2.scale").dimensions == [1])
    let again = try await requantize("b.gguf", recipe(nil, .merged), to: "c.gguf")
    let source = try GGUFFile.open(folder.path("a.gguf"))
    #expect(again.tensors.map(\.name) == source.tensors.map(\.name))
    for tensor in source.tensors {
      let other = try again.tensor(tensor.name)
      #expect(other.description == tensor.description)
      #expect(try again.bytes(of: other) == source.bytes(of: tensor), "\(tensor.name)")
    }
  }

  @Test func `an expert's tensor holds its part of the merged one`() async throws {
    try ExpertModel.rich().write(to: folder.path("a.gguf"))
    let apart = try await requantize("a.gguf", recipe(nil, .perExpert), to: "b.gguf")
    let source = try GGUFFile.open(folder.path("a.gguf"))
    for name in ["gate.2.weight", "gate.2.bias", "gate.2.scale"] {
      let merged = name.replacing(".2.", with: "_exps.")
      let own = try apart.bytes(of: apart.tensor("blk.1.ffn_\(name)"))
      let all = try source.bytes(of: source.tensor("blk.1.ffn_\(merged)"))
      #expect(own == Array(all[2 * own.count..<3 * own.count]), "\(name)")
    }
  }

  @Test func `experts stand where their merged tensor stood`() async throws {
    try ExpertModel.rich().write(to: folder.path("a.gguf"))
    let apart = try await requantize("a.gguf", recipe(nil, .perExpert), to: "b.gguf")
    let names = apart.tensors.map(\.name)
    let first = try #require(names.firstIndex(of: "blk.0.ffn_gate_up.0.weight"))
    #expect(names[first - 1] == "blk.0.exp_probs_b.bias")
    #expect(names[first + 3] == "blk.0.ffn_gate_up.3.weight")
    #expect(names[first + 4] == "blk.0.ffn_gate_up.0.bias")
  }

  @Test(arguments: FileType.all)
  func `a preset gives the same types in every layout`(_ preset: FileType) throws {
    try TinyModel.mixture().write(to: folder.path("a.gguf"))
    let importance = try TinyModel.flatImportance(for: GGUFFile.open(folder.path("a.gguf")))
    var types: [ExpertLayout: [String: TensorType]] = [:]
    for layout in ExpertLayout.allCases {
      let plan = try TinyModel.plan(
        folder.path("a.gguf"), recipe(preset.name, layout), to: .single("b.gguf"),
        importance: importance
      ).plan
      for tensor in plan.tensors {
        let name = ExpertTensorName(tensor.description.name)?.merged ?? tensor.description.name
        let earlier = types[layout, default: [:]].updateValue(tensor.description.type, forKey: name)
        #expect(earlier.map { $0 == tensor.description.type } ?? true)
      }
    }
    #expect(types[.keep] == types[.merged])
    #expect(types[.keep] == types[.perExpert])
  }

  @Test(arguments: [false, true])
  func `each expert is encoded with its own importance, in all layouts`(
    _ isPerExpertMatrix: Bool
  ) async throws {
    try TinyModel.mixture().write(to: folder.path("merged.gguf"))
    let source = try GGUFFile.open(folder.path("merged.gguf"))
    let matrix = try ExpertModel.importance(for: source, perExpert: isPerExpertMatrix)
    try await requantize("merged.gguf", recipe(nil, .perExpert), to: "single.gguf")
    var files: [GGUFFile] = []
    for from in ["merged", "single"] {
      for layout in [ExpertLayout.merged, .perExpert] {
        let out = "\(from)-\(layout.rawValue).gguf"
        files.append(
          try await requantize(
            "\(from).gguf", recipe("Q3_K_M", layout), to: out, importance: matrix))
      }
    }
    let plain = try await requantize("merged.gguf", recipe("Q3_K_M", .merged), to: "plain.gguf")
    for name in ["blk.0.ffn_up_exps.weight", "blk.1.ffn_down_exps.weight"] {
      let expected = try files[0].bytes(of: files[0].tensor(name))
      #expect(try expected != plain.bytes(of: plain.tensor(name)))
      #expect(try expected == files[2].bytes(of: files[2].tensor(name)))
      for file in [files[1], files[3]] {
        let parts = try (0..<4).map { expert in
          try file.bytes(
            of: file.tensor(name.replacing("_exps", with: ".\(expert)")))
        }
        #expect(expected == parts.flatMap { $0 })
      }
    }
  }

  @Test func `a matrix that never reached an expert is told by the expert's number`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    for expert in 0..<2 { model.addWeights("blk.0.ffn_up.\(expert).weight", [256, 8], .F16) }
    try model.write(to: folder.path("a.gguf"))
    let entry = try ImportanceMatrix.Entry(
      name: "blk.0.ffn_up_exps.weight", rowWeights: 256,
      sums: Array(repeating: 1, count: 256) + Array(repeating: 0, count: 256), counts: [1, 0])
    let matrix = try ImportanceMatrix(
      path: "m", datasets: [], chunkCount: 1, chunkSize: 1, entries: [entry])
    let plan = try TinyModel.plan(
      folder.path("a.gguf"), recipe("Q4_K_M", .keep), to: .single("b.gguf"), importance: matrix)
    #expect(plan.coverage?.uncoveredExperts.map(\.tensor) == ["blk.0.ffn_up.1.weight"])
    #expect(plan.coverage?.uncoveredExperts.map(\.experts) == [[1]])
  }

  @Test func `experts that do not belong together are refused`() async throws {
    let cases: [(String, [Int], TensorType, String)] = [
      (
        "blk.0.ffn_up.3.weight", [256, 8], .F16,
        "tensor \"blk.0.ffn_up.*.weight\": expected experts 0 to 2, found 3 from 0 to 3, without expert 2"
      ),
      (
        "blk.0.ffn_up.2.weight", [256, 9], .F16,
        "\"blk.0.ffn_up.2.weight\": expected 256 x 8 as other experts have, found 256 x 9"
      ),
      (
        "blk.0.ffn_up.2.weight", [256, 8], .F32,
        "should have different types (experts 0-1: F16; expert 2: F32)"
      ),
    ]
    for (name, shape, type, message) in cases {
      var model = ModelFile()
      model.metadata["general.architecture"] = .string("llama")
      for expert in 0..<2 { model.addWeights("blk.0.ffn_up.\(expert).weight", [256, 8], .F16) }
      model.addWeights(name, shape, type)
      try model.write(to: folder.path("a.gguf"))
      let error = #expect(throws: QuantError.self) {
        try TinyModel.plan(
          folder.path("a.gguf"), recipe(nil, .merged), to: .single(folder.path("b.gguf")))
      }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
    // Encoding anew gives all of them one type.
    let whole = try await requantize("a.gguf", recipe("Q8_0", .merged), to: "c.gguf")
    #expect(try whole.tensor("blk.0.ffn_up_exps.weight").type == .Q8_0)
    var promoting = try recipe(nil, .merged)
    promoting.promotesExperts = true
    let best = try await requantize("a.gguf", promoting, to: "d.gguf")
    #expect(try best.tensor("blk.0.ffn_up_exps.weight").type == .F32)
  }

  @Test func `a tensor that is not one matrix an expert is not cut`() throws {
    for (shape, count, message) in [
      ([64, 4, 4], 8, "expected 8 experts, found 4"), ([64, 4, 0], 0, "found 0"),
      ([64, 4, 5000], 0, "expected 1 to 4096 experts, found 5000"),
      ([2, 4, 4, 2], 4, "expected 3 dimensions, the last of them experts, found 2 x 4 x 4 x 2"),
    ] {
      var model = ModelFile()
      model.metadata["general.architecture"] = .string("llama")
      if count > 0 { model.metadata["llama.expert_count"] = .uint32(UInt32(count)) }
      model.add("blk.0.ffn_up_exps.weight", shape, .I8)
      try model.write(to: folder.path("a.gguf"))
      let error = #expect(throws: QuantError.self) {
        try TinyModel.plan(folder.path("a.gguf"), recipe(nil, .perExpert), to: .single("b.gguf"))
      }
      #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
  }
}
