// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Layers of which an importance matrix knows nothing.
@Suite("Layers that no text reaches") struct UnreachedLayerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Three layers, of which the last has no entries.
  private func plan(
    _ preset: FileType, _ change: (inout Recipe) throws -> Void = { _ in }
  ) throws -> RequantizePlan {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("llama")
    file.metadata["llama.block_count"] = .uint32(3)
    var entries: [ImportanceMatrix.Entry] = []
    for layer in 0..<3 {
      for part in ["attn_q", "ffn_up"] {
        let name = "blk.\(layer).\(part).weight"
        file.add(name, [256, 4])
        guard layer < 2 else { continue }
        entries.append(
          try ImportanceMatrix.Entry(
            name: name, rowWeights: 256, sums: (0..<256).map { Float($0 + 1) }, counts: [9]))
      }
    }
    try file.write(to: folder.path("model.gguf"))
    var recipe = Recipe(preset: preset)
    try change(&recipe)
    return try RequantizePlan(
      source: GGUFFile.open(folder.path("model.gguf")), recipe: recipe,
      importance: ImportanceMatrix(
        path: "m", datasets: [], chunkCount: 1, chunkSize: 1, entries: entries),
      output: .single(folder.path("out.gguf")), toolVersion: "1")
  }

  private func types(_ plan: RequantizePlan, ofLayer layer: Int) -> Set<TensorType> {
    Set(
      plan.plan.tensors.map(\.description).filter { $0.name.hasPrefix("blk.\(layer).") }.map(\.type)
    )
  }

  @Test func `stay as they are where their type needs a matrix`() throws {
    let plan = try plan(.IQ2_XS) { $0.isPure = true }
    #expect(plan.leftTensors == ["blk.2.attn_q.weight", "blk.2.ffn_up.weight"])
    #expect(types(plan, ofLayer: 2) == [.F32] && types(plan, ofLayer: 1) == [.IQ2_XS])
    #expect(plan.tensorsLackingImportance.isEmpty)
    try plan.check()
  }

  @Test func `get the type that was stated for them`() throws {
    for preset in [FileType.IQ2_XS, .Q4_K_M] {
      let plan = try plan(preset) {
        $0.isPure = true
        $0.missingType = .Q6_K
      }
      #expect(types(plan, ofLayer: 2) == [.Q6_K] && plan.leftTensors.isEmpty)
      #expect(!types(plan, ofLayer: 0).contains(.Q6_K))
      #expect(plan.recipe.text.contains("missing=Q6_K"))
    }
  }

  @Test func `are quantized as ever where no matrix is needed, or by rules and leave`() throws {
    let plain = try plan(.Q4_K_M) { $0.isPure = true }
    #expect(types(plain, ofLayer: 2) == [.Q4_K] && plain.leftTensors.isEmpty)
    let forced = try plan(.IQ2_XS) {
      $0.isPure = true
      $0.allowsMissingImportance = true
    }
    #expect(types(forced, ofLayer: 2) == [.IQ2_XS])
    let ruled = try plan(.IQ2_XS) {
      $0.isPure = true
      $0.missingType = .Q8_0
      $0.rules = [try TypeRule(option: "blk.2.attn_q=Q5_K", file: "rules")]
    }
    #expect(types(ruled, ofLayer: 2) == [.Q5_K, .Q8_0])
  }
}
