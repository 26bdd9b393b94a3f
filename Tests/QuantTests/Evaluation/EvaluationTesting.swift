// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

/// Files of tiny models, and evaluators for them.
struct EvaluationTesting {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Writes a model and opens it.
  func open(_ model: ModelFile, _ name: String = "tiny.gguf") throws -> GGUFFile {
    try model.write(to: folder.path(name))
    return try GGUFFile.open(folder.path(name))
  }

  /// An evaluator of a written model, for windows of up to 64 tokens.
  func evaluator(
    _ model: ModelFile, _ name: String = "tiny.gguf", threads: Int = 2, mode: ComputeMode = .f32,
    memory: Int = 1 << 28
  ) throws -> Evaluator {
    try Evaluator(
      model: open(model, name), contextLength: 64,
      options: EvaluationOptions(threads: threads, mode: mode, memoryBytes: memory))
  }

  /// What is wrong with a model, as its evaluator says, without the folder's name.
  func complaint(_ model: ModelFile) throws -> String {
    let file = try open(model)
    do {
      _ = try Evaluator(
        model: file, contextLength: 16, options: EvaluationOptions(threads: 1, mode: .f32))
      return ""
    } catch {
      return error.description.replacing(folder.url.path + "/", with: "")
    }
  }

  /// The divergence of a file written by a recipe, measured as perplexity does it.
  func divergence(
    _ recipe: String, of file: ModelFile, _ windows: EvaluationWindows
  ) async throws -> Double {
    let source = try open(file, "source.gguf")
    var wanted = try RecipeFile.recipe("preset = F16\n\(recipe)\n.* = keep", file: "test")
    wanted.allowsMissingImportance = true
    let measurer = VariantMeasurer(
      source, importance: nil, texts: [.init(name: "random", windows: windows)],
      options: EvaluationOptions(threads: 2, mode: .f32, memoryBytes: 1 << 28),
      scratch: folder.path("scratch"), toolVersion: "test")
    _ = try measurer.measureSource()
    return try await measurer.measure(wanted).meanDivergence
  }

  /// Windows of 16 random tokens.
  static func windows(_ count: Int, of model: TinyLlama, seed: UInt64 = 7) throws
    -> EvaluationWindows
  {
    try EvaluationWindows(
      tokens: model.tokens(16 * count, seed: seed), rules: .llama, length: 16, bos: 1)
  }
}

extension Matrix {
  /// All numbers, row after row.
  var numbers: [Float] {
    (0..<rows).flatMap { row in
      withRow(row) { span in span.indices.map { span[$0] } }
    }
  }
}
