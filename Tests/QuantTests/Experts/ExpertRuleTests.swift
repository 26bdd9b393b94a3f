// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Rules for single experts") struct ExpertRuleTests {
  let folder: TemporaryFolder
  let source: String

  init() throws {
    folder = try TemporaryFolder()
    source = folder.path("source.gguf")
    try TinyModel.mixture().write(to: source)
  }

  private func plan(
    _ layout: ExpertLayout, _ rules: [String], promoting: Bool = false, of path: String? = nil
  ) throws -> RequantizePlan {
    var recipe = Recipe(preset: FileType(name: "Q4_K_S"))
    recipe.layout = layout
    recipe.isPure = true
    recipe.promotesExperts = promoting
    recipe.rules = try rules.map { try TypeRule(option: $0, file: "r.txt", line: 7) }
    return try TinyModel.plan(path ?? source, recipe, to: .single(folder.path("out.gguf")))
  }

  private func types(_ plan: RequantizePlan) -> [String: TensorType] {
    Dictionary(
      uniqueKeysWithValues: plan.plan.tensors.map { ($0.description.name, $0.description.type) })
  }

  @Test func `experts get the types of the first rule that names them`() throws {
    let types = types(
      try plan(
        .perExpert,
        [
          "blk.1.experts[2].ffn_down=keep", "blk.*.experts[0,2-3].ffn_down=Q6_K",
          "ffn_down_exps=Q8_0", "blk.0.experts[*].*=Q5_K", "blk.0-1.experts[1].ffn_up=Q3_K",
        ]))
    let down = (0..<2).map { layer in
      (0..<4).map { types["blk.\(layer).ffn_down.\($0).weight"] }
    }
    #expect(down == [[.Q6_K, .Q8_0, .Q6_K, .Q6_K], [.Q6_K, .Q8_0, .F16, .Q6_K]])
    #expect((0..<4).allSatisfy { types["blk.0.ffn_up.\($0).weight"] == .Q5_K })
    #expect(types["blk.1.ffn_up.1.weight"] == .Q3_K)
    #expect(types["blk.1.ffn_up.0.weight"] == .Q4_K)
  }

  @Test func `what is written is what was planned, and an expert's bytes do not depend on others`()
    async throws
  {
    var recipe = Recipe(preset: FileType(name: "Q4_K_S"))
    recipe.layout = .perExpert
    recipe.rules = [
      try TypeRule(option: "blk.*.experts[1,3].*=IQ4_XS", file: "r.txt"),
      try TypeRule(option: "blk.*.experts[2].*=keep", file: "r.txt"),
    ]
    let output = OutputNaming.single(folder.path("out.gguf"))
    let plan = try TinyModel.plan(source, recipe, to: output)
    try await TinyModel.requantize(source, recipe, to: output)
    let written = try GGUFFile.open(output.path)
    #expect(written.byteCount == plan.plan.byteCount)
    #expect(written.metadata["quantize.recipe"]?.text == recipe.text)
    #expect(recipe.text.contains("layout=per-expert; blk.*.experts[1,3].*=IQ4_XS"))
    var uniform = Recipe(preset: FileType(name: "IQ4_XS"))
    uniform.isPure = true
    try await TinyModel.requantize(source, uniform, to: .single(folder.path("u.gguf")))
    let merged = try GGUFFile.open(folder.path("u.gguf"))
    for (expert, file) in [(1, merged), (3, merged), (2, try GGUFFile.open(source))] {
      let own = try written.bytes(of: written.tensor("blk.1.ffn_up.\(expert).weight"))
      let all = try file.bytes(of: file.tensor("blk.1.ffn_up_exps.weight"))
      #expect(own == Array(all[expert * own.count..<(expert + 1) * own.count]))
    }
  }

  @Test(arguments: [ExpertLayout.merged, .keep])
  func `a merged tensor has one type`(_ layout: ExpertLayout) throws {
    let rules = ["blk.1.experts[0,2-3].ffn_up=Q6_K"]
    let error = #expect(throws: QuantError.self) { try plan(layout, rules) }
    let message = try #require(error?.description)
    #expect(message.contains("tensor \"blk.1.ffn_up_exps.weight\""))
    #expect(message.contains("(experts 0, 2-3: Q6_K; expert 1: Q4_K)"))
    let promoted = try plan(layout, rules, promoting: true)
    #expect(types(promoted)["blk.1.ffn_up_exps.weight"] == .Q6_K)
    #expect(types(promoted)["blk.0.ffn_up_exps.weight"] == .Q4_K)
    #expect(promoted.promotedTensors.map(\.name) == ["blk.1.ffn_up_exps.weight"])
    #expect(try plan(layout, ["blk.1.experts[*].ffn_up=Q6_K"]).promotedTensors.isEmpty)
    #expect(try plan(layout, ["blk.1.experts[0-3].ffn_up=Q6_K"]).promotedTensors.isEmpty)
  }

  @Test(arguments: [
    ("blk.2.experts[0].ffn_up", "expected layers with experts, which are 0-1, found 2"),
    ("blk.0,5-6.experts[0].ffn_up", "expected layers with experts, which are 0-1, found 5"),
    ("blk.*.experts[3-4].ffn_up", "expected experts from 0 to 3, found 4"),
    (
      "blk.*.experts[0].ffn_gate",
      "expected a projection that the experts have, which are ffn_down, ffn_up"
    ),
  ])
  func `experts that do not exist are an error`(_ pattern: String, _ message: String) throws {
    for layout in ExpertLayout.allCases {
      let error = #expect(throws: QuantError.self) { try plan(layout, ["\(pattern)=Q6_K"]) }
      #expect(error?.description == "r.txt: line 7: \(pattern): \(message)")
    }
  }

  @Test func `a dense model has no experts to name`() throws {
    var model = ModelFile()
    model.addWeights("blk.0.ffn_up.weight", [256, 8], .F16)
    let path = folder.path("dense.gguf")
    try model.write(to: path)
    let error = #expect(throws: QuantError.self) {
      try plan(.keep, ["blk.*.experts[*].*=Q6_K"], of: path)
    }
    #expect(error?.description.hasSuffix("the model has no experts") == true)
  }

  @Test func `thousands of rules leave a bounded text that tells them apart`() throws {
    var recipe = Recipe(preset: FileType(name: "Q4_K_M"))
    recipe.rules = try (0..<9000).map { number in
      try TypeRule(
        option: "blk.\(number % 60).experts[\(number / 60)].ffn_down=Q6_K", file: "r.txt")
    }
    let text = recipe.text
    #expect(text.utf8.count < 263_000)
    #expect(text.contains(" more rules, mark "))
    recipe.rules[8999] = try TypeRule(option: "blk.59.experts[149].ffn_up=Q5_K", file: "r.txt")
    #expect(recipe.text != text)
    recipe.rules = Array(recipe.rules.prefix(500))
    #expect(recipe.text.split(separator: "; ").count == 501)
  }
}
