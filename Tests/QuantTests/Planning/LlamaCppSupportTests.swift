// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("What llama.cpp loads") struct LlamaCppSupportTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func support(_ file: ModelFile, _ recipe: String) throws -> LlamaCppSupport {
    try file.write(to: folder.path("model.gguf"))
    let plan = try RequantizePlan(
      source: GGUFFile.open(folder.path("model.gguf")),
      recipe: RecipeFile.recipe(recipe, file: "recipe"), importance: nil,
      output: .single(folder.path("out.gguf")), toolVersion: "1")
    return plan.llamaCpp
  }

  @Test func `experts in one tensor of a current type are loaded`() throws {
    let support = try support(TinyModel.mixture(), "preset = Q8_0")
    #expect(support.loads && support.reason == nil)
  }

  @Test func `experts in a tensor each are not`() throws {
    let mixture = TinyModel.mixture()
    let split = try support(mixture, "preset = Q8_0\nlayout = per-expert")
    #expect(!split.loads && split.reason == "each expert is a tensor of its own")
    let mixed = try support(
      mixture, "preset = Q8_0\nlayout = per-expert\nblk.0.experts[1].* = Q4_0")
    #expect(!mixed.loads)
  }

  @Test func `nor are types that only others know, or that are for activations`() throws {
    var other = ModelFile()
    other.metadata["general.architecture"] = .string("llama")
    let type = try #require(TensorType(name: "IQ4_K"))
    other.add("blk.0.attn_q.weight", [256, 4], type)
    other.add("blk.0.ffn_up.weight", [256, 4])
    #expect(
      try support(other, "preset = COPY").reason
        == "it has tensors of type IQ4_K, which only ik_llama.cpp reads")
    let activations = try support(
      TinyModel.mixture(), "preset = Q8_0\nattn_v = Q8_K")
    #expect(activations.reason == "it has tensors of type Q8_K, which is for activations")
  }
}
