// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Evaluator: a tiny mixture of experts") struct EvaluatorTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  @Test(
    arguments: [(ComputeMode.f32, 1e-4), (.bf16x3, 1e-3), (.bf16, 0.3), (.llama, 0.02)]
      .filter { ComputeMode.available.contains($0.0) })
  func `logits are those of plain loops in double precision`(
    _ mode: ComputeMode, _ tolerance: Double
  ) throws {
    let tokens = model.tokens(24)
    var plain = PlainForward(model)
    let expected = plain.logits(tokens).flatMap { $0 }
    let found = try testing.evaluator(model.file(), mode: mode).logits(tokens).numbers
    #expect(found.count == expected.count)
    let differences = zip(found, expected).map { abs(Double($0) - $1) }
    #expect(differences.allSatisfy { $0 < tolerance }, "\(differences.max() ?? 0)")
    let spread = (expected.max() ?? 0) - (expected.min() ?? 0)
    #expect(spread > 4, "the model says nothing")
  }

  @Test(arguments: ComputeMode.available)
  func `experts in a tensor each are the same as merged ones`(_ mode: ComputeMode) throws {
    let tokens = model.tokens(40)
    let merged = try testing.evaluator(model.file(), mode: mode).logits(tokens)
    let separate = try testing.evaluator(
      model.file(separatesExperts: true), "separate.gguf", mode: mode
    ).logits(tokens)
    #expect(merged.numbers == separate.numbers)
  }

  @Test func `without a matrix of their own, logits come from the embeddings`() throws {
    var tied = model.file()
    let place = try #require(tied.tensors.firstIndex { $0.name == "output.weight" })
    tied.tensors.remove(at: place)
    tied.contents.remove(at: place)
    var same = model
    same.weights["output.weight"] = model.weights["token_embd.weight"]
    let tokens = model.tokens(8)
    let found = try testing.evaluator(tied).logits(tokens).numbers
    let expected = try testing.evaluator(same.file(), "same.gguf").logits(tokens).numbers
    #expect(found == expected)
  }

  @Test(arguments: ComputeMode.available)
  func `threads change nothing`(_ mode: ComputeMode) throws {
    let tokens = model.tokens(50)
    let one = try testing.evaluator(model.file(), threads: 1, mode: mode).logits(tokens)
    for threads in [2, 3, 7] {
      let more = try testing.evaluator(model.file(), threads: threads, mode: mode).logits(tokens)
      #expect(one.numbers == more.numbers)
    }
  }

  @Test func `no tokens, no logits`() throws {
    let logits = try testing.evaluator(model.file()).logits([])
    #expect(logits.rows == 0 && logits.columns == model.vocabulary)
  }

  @Test(arguments: [-1, 268, Int32.max, Int32.min])
  func `tokens that there are not are refused`(_ token: Int32) throws {
    let evaluator = try testing.evaluator(model.file())
    let error = #expect(throws: QuantError.self) { try evaluator.logits([1, token]) }
    #expect(
      error?.description.hasSuffix(
        "tiny.gguf: expected tokens from 0 to 267, found \(token)") == true)
  }

  @Test func `too little memory for one window is an error that says how much it takes`() throws {
    let evaluator = try testing.evaluator(model.file(), memory: 1000)
    let error = #expect(throws: QuantError.self) { try evaluator.logits(model.tokens(16)) }
    let message = try #require(error?.description)
    #expect(message.hasPrefix("a window of 16 tokens needs "))
    #expect(message.hasSuffix(" bytes of memory for activations, and 1000 are allowed"))
    let needed = try #require(message.split(separator: " ").dropFirst(6).first.flatMap { Int($0) })
    _ = try testing.evaluator(model.file(), memory: needed).logits(model.tokens(16))
    let less = try testing.evaluator(model.file(), memory: needed - 1)
    #expect(throws: QuantError.self) { try less.logits(model.tokens(16)) }
  }

  /// Says which modes the other tests leave out on this machine, and that they are refused in words.
  @Test func `modes that the processor does not have are refused`() throws {
    for mode in ComputeMode.allCases where !ComputeMode.available.contains(mode) {
      print(
        "tests of the compute mode \(mode.rawValue) are left out: this processor has no AVX-512")
      let error = #expect(throws: QuantError.self) {
        try testing.evaluator(model.file(), mode: mode)
      }
      #expect(error?.description.hasPrefix("compute mode \(mode.rawValue): expected a") == true)
    }
    #expect(Set(ComputeMode.available).isSuperset(of: [.f32, .llama]))
  }

  /// Weights that are no numbers give an error in every mode, and no trap.
  @Test(arguments: ["output_norm", "blk.0.ffn_gate_inp", "blk.1.attn_q", "token_embd", "output"])
  func `weights that are not finite are an error`(_ name: String) throws {
    for value in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
      var broken = model
      for place in broken.weights["\(name).weight"]?.indices ?? 0..<0 {
        broken.weights["\(name).weight"]?[place] = value
      }
      for mode in ComputeMode.available {
        let evaluator = try testing.evaluator(broken.file(), mode: mode)
        let windows = try EvaluationTesting.windows(2, of: model)
        let evaluation = try LossEvaluation(evaluator, windows, base: .model(evaluator))
        guard !value.isFinite else {
          _ = try? (evaluator.logits(model.tokens(16)), evaluation.run())
          continue
        }
        let logits = #expect(throws: QuantError.self) { try evaluator.logits(model.tokens(16)) }
        let losses = #expect(throws: QuantError.self) { try evaluation.run() }
        for error in [logits, losses] {
          #expect(error?.description.contains("\(name).weight") == true, "\(mode) \(value)")
        }
      }
    }
  }
}
