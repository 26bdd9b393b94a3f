// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// What llama-quantize makes of the tiny models: one case a model and preset.
struct PresetCase: Sendable, CustomTestStringConvertible {
  let model: String
  let variant: String
  let reference: Reference

  struct Reference: Decodable, Sendable {
    let fileBytes: Int?
    let types: [String: String]?
    let error: String?
  }

  var testDescription: String { "\(model) \(variant)" }

  var preset: FileType? { FileType(name: String(variant.prefix { $0 != "+" })) }
  var hasImportance: Bool { variant.hasSuffix("+imatrix") }

  /// All cases of `presets.json`, which was cut out of the reference's figures.
  static let all: [PresetCase] = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let source = Paths.testVectors.appending(path: "presets.json.zst")
    guard let frame = try? Data(contentsOf: source), let text = try? Zstd.decompress(frame),
      let models = try? decoder.decode(
        [String: [String: Reference]].self, from: Data(text))
    else { return [] }
    return models.flatMap { model, variants in
      variants.map { PresetCase(model: model, variant: $0.key, reference: $0.value) }
    }.sorted { $0.testDescription < $1.testDescription }
  }()
}

@Suite("Presets") struct PresetTests {
  let folder = try? TemporaryFolder()

  @Test func `the reference's figures are there`() { #expect(PresetCase.all.count == 116) }

  /// Headers are enough for a plan.
  private func source(_ model: String) throws -> GGUFFile {
    let folder = try #require(folder)
    let (name, size) =
      model == "tiny-moe"
      ? ("tiny-moe-f16.gguf", nil) : ("tiny-dense-f16.header.gguf", 10_379_616)
    return try GGUFFile.open(Zstd.expand(name, into: folder.url, size: size).path)
  }

  @Test(arguments: PresetCase.all)
  func `a plan has the reference's types and size`(_ item: PresetCase) throws {
    let source = try source(item.model)
    let preset: FileType = try #require(item.preset)
    let plan = try RequantizePlan(
      source: source, recipe: Recipe(preset: preset),
      importance: item.hasImportance
        ? TinyModel.flatImportance(for: source, named: item.model) : nil,
      output: .single("out.gguf"),
      toolVersion: "0")
    guard let types = item.reference.types else {
      #expect(!plan.tensorsLackingImportance.isEmpty)
      #expect(throws: QuantError.self) { try plan.check() }
      return
    }
    #expect(plan.tensorsLackingImportance.isEmpty)
    let planned = Dictionary(
      uniqueKeysWithValues: plan.plan.tensors.map {
        ($0.description.name, $0.description.type.name)
      })
    #expect(planned == types)
    #expect(try sizeWithoutOurKeys(plan.plan) == item.reference.fileBytes)
  }

  /// The size that the file would have without the two keys that only we write.
  private func sizeWithoutOurKeys(_ plan: ModelPlan) throws -> Int {
    let file = try #require(plan.files.first)
    var metadata = file.metadata
    metadata["quantize.recipe"] = nil
    metadata["quantize.tool"] = nil
    return try GGUFLayout(
      path: "out.gguf", metadata: metadata, tensors: plan.tensors.map(\.description)
    ).byteCount
  }

  @Test(.enabled(if: Paths.shared != nil, "needs the model headers in ../shared"))
  func `real shapes get the reference's types`() throws {
    let folder = try #require(folder)
    let headers = try #require(Paths.shared).appending(path: "memory/headers")
    for (model, preset) in Self.realModels {
      let source = try expand(headers, "\(model)-f16", folder)
      let expected = try expand(headers, "\(model)-\(preset)", folder)
      let type: FileType = try #require(FileType(name: preset))
      let recipe = Recipe(preset: type)
      let plan = try RequantizePlan(
        source: source, recipe: recipe, importance: nil, output: .single("out.gguf"),
        toolVersion: "0")
      for tensor in plan.plan.tensors {
        let name = tensor.description.name
        #expect(tensor.description.type == (try expected.tensor(name).type), "\(model) \(name)")
      }
    }
  }

  private static let realModels = [
    ("mixtral-8x7b", "Q4_K_M"), ("llama33-70b", "Q2_K"), ("llama33-70b", "Q4_K_M"),
    ("mamba-2.8b", "Q4_K_M"), ("tanuki-8b", "Q6_K"), ("tanuki-8x8b", "IQ2_XXS"),
    ("tanuki-8x8b", "Q4_K_M"), ("gemma2-9b", "Q4_K_M"), ("qwen3-30b-a3b", "Q4_K_M"),
    ("deepseek-v2-lite", "Q4_K_M"), ("deepseek-v2-lite-mha", "Q4_K_M"),
  ]

  private func expand(
    _ headers: URL, _ name: String, _ folder: TemporaryFolder
  ) throws -> GGUFFile {
    let files = try FileManager.default.contentsOfDirectory(atPath: headers.path)
    let file = try #require(files.first { $0.hasPrefix(name + ".") })
    let header = try Zstd.decompress(Data(contentsOf: headers.appending(path: file)))
    return try GGUFFile.open(folder.write(header, "\(name).gguf"), requiring: .headerOnly)
  }
}
