// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("gguf-tool logits") struct LogitsTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  private func numbers(_ name: String, of file: GGUFFile) throws -> [Float] {
    let tensor = try file.tensor(name)
    var numbers = [Float](repeating: 0, count: tensor.weightCount)
    var reader = try TensorReader(model: file, tensor: tensor)
    var span = numbers.mutableSpan
    try reader.readWeights(0..<tensor.weightCount, into: &span)
    return numbers
  }

  @Test func `a file with tokens and a row of logits for each`() throws {
    let outcome = try testing.run(
      "logits", "model.gguf", "--ids", "1, 5,7", "--compute", "f32", "-o", "l.gguf")
    #expect(outcome.status == 0 && outcome.output.contains("l.gguf"), "\(outcome.errors)")
    let file = try GGUFFile.open(testing.folder.path("l.gguf"))
    #expect(try numbers("tokens", of: file) == [1, 5, 7])
    #expect(try file.tensor("logits").dimensions == [268, 3])
    let evaluator = try Evaluator(
      model: GGUFFile.open(testing.model), contextLength: 3,
      options: EvaluationOptions(threads: 1, mode: .f32))
    let logits = try evaluator.logits([1, 5, 7])
    let expected = (0..<3).flatMap { row in
      logits.withRow(row) { span in span.indices.map { span[$0] } }
    }
    #expect(try numbers("logits", of: file) == expected)
  }

  @Test func `states instead of logits`() throws {
    let object = try testing.object(
      "logits", "model.gguf", "--ids", "1,5,7", "--compute", "f32", "--states", "-o", "s.gguf")
    let file = try GGUFFile.open(testing.folder.path("s.gguf"))
    let evaluator = try Evaluator(
      model: GGUFFile.open(testing.model), contextLength: 3,
      options: EvaluationOptions(threads: 1, mode: .f32))
    let states = try evaluator.hiddenStates([1, 5, 7])
    #expect(object["token_count"] as? Int == 3)
    #expect(object["width"] as? Int == states.columns)
    let expected = (0..<3).flatMap { row in
      states.withRow(row) { span in span.indices.map { span[$0] } }
    }
    #expect(try numbers("states", of: file) == expected)
    #expect(try Tool.run(["logits", testing.model, "--ids", "1", "--states"]).status == 64)
  }

  @Test func `the most probable tokens for people and programs`() throws {
    let outcome = try testing.run("logits", "model.gguf", "--text", "a b")
    #expect(outcome.output.contains("most probable next"), "\(outcome.errors)")
    let object = try testing.object("logits", "model.gguf", "-p", "a b")
    #expect(object["vocabulary"] as? Int == 268)
    let positions = try #require(object["positions"] as? [[String: Any]])
    #expect(positions.count == object["token_count"] as? Int && !positions.isEmpty)
    for position in positions {
      let best = try #require(position["best"] as? [[String: Any]])
      let logits = best.compactMap { $0["logit"] as? Double }
      #expect(logits.count == 5 && logits == logits.sorted(by: >))
    }
  }

  @Test func `what cannot be done is said in a sentence`() throws {
    #expect(
      try testing.error(["logits", "model.gguf", "--ids", "1,268"])
        == "model.gguf: expected tokens from 0 to 267, found 268")
    #expect(try testing.error(["logits", "none.gguf", "--ids", "1"]).contains("none.gguf"))
    for words in [[], ["--ids", "1", "--text", "a"], ["--ids", "1,x"], ["--ids", ""]] {
      #expect(try Tool.run(["logits", testing.model] + words).status == 64)
    }
  }
}
