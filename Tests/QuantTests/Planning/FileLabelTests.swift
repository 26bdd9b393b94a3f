// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// `general.file_type` tells what most of a file is.
@Suite("Labels of files") struct FileLabelTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func label(
    _ model: ModelFile, _ preset: String, _ rules: [String] = []
  ) throws -> (label: String?, types: Set<String>) {
    let path = folder.path("source.gguf")
    try model.write(to: path)
    var recipe = Recipe(preset: FileType(name: preset))
    recipe.rules = try rules.map { try TypeRule(option: $0, file: "--tensor-type") }
    let plan = try TinyModel.plan(path, recipe, to: .single("out.gguf"))
    let number = try #require(plan.plan.files.first).metadata["general.file_type"]?.integer
    return (
      number.map { FileType(rawValue: $0)?.name ?? "\($0)" },
      Set(plan.plan.tensors.map(\.description.type.name))
    )
  }

  @Test(arguments: ["Q4_K_M", "Q2_K", "IQ4_XS", "Q3_K_L", "MXFP4_MOE", "Q8_0", "BF16"])
  func `a preset's own mix bears its name, whatever the rows`(preset: String) throws {
    for width in [256, 288] {
      #expect(try label(TinyModel.mixture(width: width), preset).label == preset)
    }
  }

  @Test(arguments: [
    ("Q4_K_M", ["ffn=Q8_0"], "Q8_0"), ("Q4_K_M", ["attn_v=Q8_0"], "Q4_K_M"),
    ("Q4_K_M", [".*=keep"], "F16"), ("Q8_0", ["ffn=Q6_K"], "Q6_K"),
    ("Q6_K", ["ffn=Q4_K"], "Q4_K_S"),
    ("Q8_0", ["ffn=Q8_K"], nil),
  ])
  func `rules that change most of it change the label`(
    preset: String, rules: [String], expected: String?
  ) throws {
    #expect(try label(TinyModel.mixture(), preset, rules).label == expected)
  }

  /// A LoRA adapter of rank 32.
  private var adapter: ModelFile {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["general.type"] = .string("adapter")
    for layer in 0..<2 {
      model.addWeights("blk.\(layer).attn_q.weight.lora_a", [256, 32], .F32)
      model.addWeights("blk.\(layer).attn_q.weight.lora_b", [32, 256], .F32)
      model.addWeights("blk.\(layer).attn_norm.weight.lora_a", [256, 32], .F32)
    }
    return model
  }

  @Test(arguments: [
    ("Q8_0", ["Q8_0", "F32"]), ("Q4_K_M", ["Q4_K", "Q5_0", "F32"]), ("F16", ["F16", "F32"]),
  ])
  func `matrices of adapters get types as those that they change`(
    preset: String, types: [String]
  ) throws {
    let found = try label(adapter, preset)
    #expect(found.types == Set(types) && found.label == preset)
  }

  @Test func `more weights than a number can count are many`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    for layer in 0..<2 {
      model.tensors.append(
        TensorDescription(
          name: "blk.\(layer).ffn_up.weight", dimensions: [1 << 31, 1 << 31], type: .IQ1_S))
    }
    let path = folder.path("huge.gguf")
    let layout = try GGUFLayout(path: path, metadata: model.metadata, tensors: model.tensors)
    _ = try folder.write(layout.header, "huge.gguf")
    let source = try GGUFFile.open(path, requiring: .headerOnly)
    let plan = try RequantizePlan(
      source: source, recipe: Recipe(preset: FileType(name: "Q2_K")), importance: nil,
      output: .single("out.gguf"), toolVersion: "1")
    #expect(plan.plan.files[0].metadata["general.file_type"] != nil)
  }

  @Test func `a file of which nothing is quantized is not called so`() throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("controlvector")
    for layer in 1..<4 { model.addWeights("direction.\(layer)", [256, 4], .F32) }
    #expect(try label(model, "Q4_K_M").label == "F32")
  }
}
