// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Divides jobs on tiny models, and puts them together.
struct PartTesting {
  let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  /// The models that jobs run on.
  enum Model: String, CaseIterable {
    case mixture, separate, quantized
  }

  static let tiny = TinyLlama()

  /// A tiny model: experts in one tensor, in one each, or all matrices in Q8_0.
  func open(_ model: Model) async throws -> GGUFFile {
    switch model {
    case .mixture: return try testing.open(Self.tiny.file(), "mixture.gguf")
    case .separate:
      return try testing.open(Self.tiny.file(separatesExperts: true), "separate.gguf")
    case .quantized:
      let path = testing.folder.path("quantized.gguf")
      let source = try testing.open(Self.tiny.file(), "source.gguf")
      let measurer = VariantMeasurer(
        source, importance: nil, texts: [], options: Self.options(), scratch: path,
        toolVersion: "test")
      var recipe = try RecipeFile.recipe(
        "preset = F16\n.*attn.* = Q8_0\n.*gate_exps.* = Q8_0\n.* = keep", file: "test")
      recipe.allowsMissingImportance = true
      _ = try await measurer.write(recipe, to: path)
      return try GGUFFile.open(path)
    }
  }

  /// Little memory makes parts and the whole go through in segments of different sizes.
  static func options(memory: Int = 1 << 28, threads: Int = 2) -> EvaluationOptions {
    EvaluationOptions(threads: threads, mode: .f32, memoryBytes: memory)
  }

  static func evaluator(_ file: GGUFFile, memory: Int = 1 << 28) throws -> Evaluator {
    try Evaluator(model: file, contextLength: 16, options: options(memory: memory))
  }

  /// A description of a job that tests divide.
  static func job(
    _ kind: PartJob.Kind, _ file: GGUFFile, _ windows: EvaluationWindows
  ) throws -> PartJob {
    var job = PartJob(kind, toolVersion: "test")
    try job.add("model", file)
    job.add("random", windows)
    return job
  }

  /// Writes all parts and puts them together, the last first.
  func merged(
    _ count: Int, _ write: (JobPart, String) throws -> Void
  ) throws -> PartSet {
    var paths: [String] = []
    for number in 1...count {
      let path = testing.folder.path("\(number)-of-\(count).part")
      try write(try #require(JobPart(number, of: count)), path)
      paths.append(path)
    }
    let set = try PartSet(paths.reversed())
    #expect(set.isExact && set.difference == nil)
    return set
  }
}
