// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Numbers that are not finite") struct FiniteCheckTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  private func broken(_ name: String, _ value: Float, at places: Range<Int>) -> ModelFile {
    var broken = model
    for place in places { broken.weights[name]?[place] = value }
    return broken.file()
  }

  /// What measuring says; empty if it says nothing.
  private func complaint(
    _ file: ModelFile, _ measure: (Evaluator, EvaluationWindows) throws(QuantError) -> Void
  ) throws -> String {
    let evaluator = try testing.evaluator(file)
    let windows = try EvaluationTesting.windows(3, of: model)
    do throws(QuantError) {
      try measure(evaluator, windows)
      return ""
    } catch {
      return error.description
    }
  }

  static let weights: [(name: String, place: Int, words: String)] = [
    ("blk.0.attn_norm.weight", 3, ", layer 0, row 0, column 3"),
    ("blk.1.ffn_gate_inp.weight", 40, ", layer 1, row 1, column 8"),
    ("blk.1.attn_q.weight", 70, ", layer 1, row 2, column 6"),
    ("output_norm.weight", 5, ", row 0, column 5"), ("output.weight", 200, ", row 6, column 8"),
  ]

  @Test(arguments: weights.indices, [Float.nan, .infinity])
  func `every measurement names the tensor and its layer`(_ index: Int, _ value: Float) throws {
    let (name, place, words) = Self.weights[index]
    let file = broken(name, value, at: place..<place + 1)
    let start = "tensor \"\(name)\"\(words): expected finite weights, found \(value)"
    let losses = try complaint(file) { (evaluator, windows) throws(QuantError) in
      _ = try LossEvaluation(evaluator, windows).run()
    }
    #expect(losses.contains(start), "\(losses)")
    let logits = try complaint(file) { (evaluator, windows) throws(QuantError) in
      _ = try evaluator.logits(Array(windows.tokens.prefix(16)))
    }
    #expect(logits.contains(start), "\(logits)")
    // The output matrix is not part of an importance matrix.
    guard name != "output.weight" else { return }
    let matrix = try complaint(file) { (evaluator, windows) throws(QuantError) in
      _ = try evaluator.gatherImportance(over: windows, datasets: [])
    }
    #expect(matrix.contains(start), "\(matrix)")
  }

  @Test func `sensitivity and a base model are held to it, too`() throws {
    let file = broken("blk.1.attn_k.weight", .nan, at: 9..<10)
    let folder = testing.folder
    let found = try complaint(file) { (evaluator, windows) throws(QuantError) in
      _ = try SensitivityMeasurement(
        evaluator, windows, of: ["t"], types: [.Q8_0], importance: nil, probeWindows: 1
      ).run(keepingStateIn: folder.path("state"))
    }
    #expect(found.contains("tensor \"blk.1.attn_k.weight\", layer 1"), "\(found)")
    let base = try testing.evaluator(file, "base.gguf")
    let compared = try complaint(model.file()) { (evaluator, windows) throws(QuantError) in
      _ = try LossEvaluation(evaluator, windows, base: .model(base)).run()
    }
    #expect(compared.contains("base.gguf: tensor \"blk.1.attn_k.weight\""), "\(compared)")
  }

  @Test func `activations that overflow name what they come from`() throws {
    let large = broken("blk.1.ffn_down_exps.weight", 3e38, at: 0..<24 * 32 * 4)
    let found = try complaint(large) { (evaluator, windows) throws(QuantError) in
      _ = try LossEvaluation(evaluator, windows).run()
    }
    #expect(found.contains("tensor \"blk.1.ffn_down_exps.weight\", layer 1: expected"), "\(found)")
    let early = broken("blk.0.attn_v.weight", 3e38, at: 0..<32 * 16)
    let other = try complaint(early) { (evaluator, windows) throws(QuantError) in
      _ = try evaluator.logits(Array(windows.tokens.prefix(16)))
    }
    #expect(other.contains("layer 0") && other.contains("blk.0.attn_"), "\(other)")
  }
}
