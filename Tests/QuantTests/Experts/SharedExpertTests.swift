// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The tiny models of `shared` that have experts, cut apart and merged again, and measured.
@Suite("Experts of every architecture") struct SharedExpertTests {
  static let models = ArchitectureTests.models.filter { model in
    (try? model.open())?.tensors.contains { ExpertTensorName($0.name) != nil } ?? false
  }

  private func write(_ source: GGUFFile, _ layout: ExpertLayout, to path: String) async throws {
    let plan = try ExpertPlan(
      source: source, job: .arrange(layout, keeping: nil), output: .single(path))
    _ = try await PlanExecutor(plan: plan.plan, importance: nil, output: .single(path))
      .run(threads: 2) { _ in }
  }

  @Test(
    .enabled(if: Paths.shared != nil, "needs the models in ../shared"), arguments: models)
  func `the file is restored, and logits are the same to the bit`(
    _ model: ArchitectureTests.Model
  ) async throws {
    let folder = try TemporaryFolder()
    let source = try model.open()
    try await write(source, .perExpert, to: folder.path("single.gguf"))
    let single = try GGUFFile.open(folder.path("single.gguf"))
    try await write(single, .merged, to: folder.path("merged.gguf"))
    #expect(single.metadata == source.metadata)
    let merged = single.tensors.compactMap { ExpertTensorName($0.name) }.filter { $0.expert == nil }
    #expect(merged.isEmpty)
    let restored = try Data(contentsOf: folder.file("merged.gguf"))
    #expect(try restored == Data(contentsOf: URL(filePath: model.path)))
    let tokens: [Int32] = (0..<40).map { ($0 * 37 + 1) % 300 }
    for mode in ComputeMode.available {
      let options = EvaluationOptions(threads: 2, mode: mode)
      let logits = try [source, single].map { file in
        try Evaluator(model: file, contextLength: 64, options: options).logits(tokens).numbers
      }
      #expect(logits[0] == logits[1], "\(mode)")
    }
  }

  /// Leaves out the last expert of each group of a layer, or the layer's last.
  @Test(.enabled(if: Paths.shared != nil, "needs the models in ../shared"), arguments: models)
  func `a model without some of its experts is valid, or refused with the reason`(
    _ model: ArchitectureTests.Model
  ) async throws {
    let folder = try TemporaryFolder()
    let source = try model.open()
    let name = source.metadata.architecture ?? ""
    let count = source.metadata["\(name).expert_count"]?.integer ?? 0
    let groups = max(1, source.metadata["\(name).expert_group_count"]?.integer ?? 1)
    let lost = (1...groups).map { String($0 * count / groups - 1) }.joined(separator: ",")
    let rule = try #require(ExpertSelection.Rule("*:\(lost)"))
    let path = folder.path("pruned.gguf")
    let job = ExpertJob.arrange(.merged, keeping: .rules(keep: [], drop: [rule]))
    let plan: ExpertPlan
    do {
      plan = try ExpertPlan(source: source, job: job, output: .single(path))
    } catch {
      #expect(Self.refusals.contains { error.description.contains($0) }, "\(error)")
      return
    }
    _ = try await PlanExecutor(plan: plan.plan, importance: nil, output: .single(path))
      .run(threads: 2) { _ in }
    let pruned = try GGUFFile.open(path)
    #expect(pruned.metadata["\(name).expert_count"]?.integer == count - groups)
    let options = EvaluationOptions(threads: 2, mode: .f32)
    let logits = try Evaluator(model: pruned, contextLength: 64, options: options)
      .logits(windows(2).tokens).numbers
    let isFinite = logits.allSatisfy { $0.isFinite }
    #expect(isFinite)
  }

  /// Why experts may not be left out.
  private static let refusals = ["tid2eid", "chexps", "expert_used_count", "group"]

  /// Windows of random tokens.
  private func windows(_ count: Int) throws -> EvaluationWindows {
    let tokens = (0..<Int32(24 * count)).map { ($0 &* 7919 &+ 13) % 300 }
    return try EvaluationWindows(tokens: tokens, rules: .llama, length: 24)
  }

  @Test(.enabled(if: Paths.shared != nil, "needs the models in ../shared"), arguments: models)
  func `every part is measured, and a plan follows`(
    _ model: ArchitectureTests.Model
  ) async throws {
    let source = try model.open()
    let evaluator = try Evaluator(
      model: source, contextLength: 64,
      options: EvaluationOptions(threads: 2, mode: .f32, memoryBytes: 1 << 30))
    let folder = try TemporaryFolder()
    let found = try SensitivityMeasurement(
      evaluator, windows(3), of: ["random tokens"], types: [.BF16, .F16], importance: nil,
      probeWindows: 3
    ).run(keepingStateIn: folder.path("state")) { _ in }.sensitivity
    for unit in found.units {
      #expect(unit.divergences.allSatisfy { $0?.isFinite ?? true }, "\(unit.tensor)")
    }
    try await checkProbes(found, of: model, folder)
    let rules = AllocationRules(layout: .perExpert, types: nil, minimums: [])
    let planner = try ModelPlanner(
      source, found, rules, importance: nil, toolVersion: "test")
    let least = try planner.plan(.divergence(1e9)).byteCount
    let most = max(least, source.byteCount)
    #expect(try planner.plan(.size(most)).byteCount <= most)
    // Those of quantized weights are larger than these.
    if model.name.hasSuffix("-f32") { #expect(least < source.byteCount) }
  }

  /// The divergence of a probe is that of a file in which one tensor has the type.
  private func checkProbes(
    _ found: Sensitivity, of model: ArchitectureTests.Model, _ folder: TemporaryFolder
  ) async throws {
    let measurer = VariantMeasurer(
      try model.open(), importance: nil, texts: [.init(name: "random", windows: try windows(3))],
      options: EvaluationOptions(threads: 2, mode: .f32, memoryBytes: 1 << 30),
      scratch: folder.path("scratch"), toolVersion: "test")
    _ = try measurer.measureSource()
    // Tensors of one layer, whole ones: experts' are measured one by one.
    for unit in found.units where unit.tensor.hasPrefix("blk.1.") && unit.expert == nil {
      guard let probe = unit.probe else { continue }
      let name = unit.tensor.replacing(".", with: "\\.")
      var recipe = try RecipeFile.recipe("preset = F16\n^\(name)$ = BF16\n.* = keep", file: "test")
      recipe.allowsMissingImportance = true
      let written = try await measurer.measure(recipe).meanDivergence
      #expect(
        abs(probe.divergence - written) < 0.02 * written + 1e-8,
        "\(unit.tensor) \(probe) \(written)")
    }
  }
}
