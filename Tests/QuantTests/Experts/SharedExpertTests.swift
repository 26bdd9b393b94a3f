// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The tiny models of `shared/architectures` that have experts, cut apart and merged again.
@Suite("Experts of every architecture") struct SharedExpertTests {
  static let names = ArchitectureTests.names.filter { name in
    ["moe", "gptoss", "deepseek"].contains { name.contains($0) }
  }

  private func write(_ source: GGUFFile, _ layout: ExpertLayout, to path: String) async throws {
    let plan = try ExpertPlan(
      source: source, job: .arrange(layout, keeping: nil), output: .single(path))
    _ = try await PlanExecutor(plan: plan.plan, importance: nil, output: .single(path))
      .run(threads: 2) { _ in }
  }

  @Test(
    .enabled(if: Paths.shared != nil, "needs the models in ../shared/architectures"),
    arguments: names)
  func `the file is restored, and logits are the same to the bit`(_ name: String) async throws {
    let folder = try TemporaryFolder()
    let path = try #require(Paths.shared).appending(path: "architectures/\(name).gguf").path
    let source = try GGUFFile.open(path)
    try await write(source, .perExpert, to: folder.path("single.gguf"))
    let single = try GGUFFile.open(folder.path("single.gguf"))
    try await write(single, .merged, to: folder.path("merged.gguf"))
    #expect(single.metadata == source.metadata)
    #expect(!single.tensors.contains { $0.name.contains("_exps") })
    let restored = try Data(contentsOf: folder.file("merged.gguf"))
    #expect(try restored == Data(contentsOf: URL(filePath: path)))
    let tokens: [Int32] = (0..<40).map { ($0 * 37 + 1) % 300 }
    for mode in ComputeMode.available {
      let options = EvaluationOptions(threads: 2, mode: mode)
      let logits = try [source, single].map { file in
        try Evaluator(model: file, contextLength: 64, options: options).logits(tokens).numbers
      }
      #expect(logits[0] == logits[1], "\(mode)")
    }
  }
}
