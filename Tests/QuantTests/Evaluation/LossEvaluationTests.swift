// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("LossEvaluation") struct LossEvaluationTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  @Test(arguments: EvaluationProtocol.allCases)
  func `the loss is that of plain loops`(_ rules: EvaluationProtocol) throws {
    let windows = try EvaluationWindows(tokens: model.tokens(48), rules: rules, length: 16, bos: 1)
    var plain = PlainForward(model)
    var losses: [Double] = []
    for window in 0..<windows.count {
      let logits = plain.logits(Array(windows.tokens[window * 16..<window * 16 + 16]))
      for position in windows.counted {
        let row = logits[position]
        let sum = row.map { exp($0) }.reduce(0, +)
        losses.append(log(sum) - row[Int(windows.target(window: window, position: position))])
      }
    }
    let report = try LossEvaluation(testing.evaluator(model.file()), windows).run()
    #expect(report.losses.tokenCount == losses.count)
    #expect(report.divergence == nil)
    let mean = losses.reduce(0, +) / Double(losses.count)
    #expect(abs(report.losses.meanLoss.value - mean) < 1e-5)
  }

  /// Memory for one window, and for any number up to all of them.
  @Test(arguments: ComputeMode.available)
  func `segments and chunks change no bit`(_ mode: ComputeMode) throws {
    let windows = try EvaluationTesting.windows(12, of: model)
    let whole = try run(windows, memory: 1 << 28, mode)
    // The output is a step, too.
    #expect(whole.steps == model.layers + 1)
    var steps: Set<Int> = []
    for memory in [15_000, 20_000, 30_000, 100_000, 200_000] {
      let part = try run(windows, memory: memory, mode)
      #expect(part.report.losses == whole.report.losses, "\(memory)")
      steps.insert(part.steps)
    }
    #expect(steps.contains(12 * (model.layers + 1)), "a window at a time: \(steps)")
    #expect(steps.count > 2, "\(steps)")
  }

  /// With a base model beside it, with its states, and with none.
  @Test func `the work of layers and outputs adds up to the total`() throws {
    let windows = try EvaluationTesting.windows(12, of: model)
    let evaluator = try testing.evaluator(model.file(), memory: 100_000)
    let kept = try states(evaluator, windows, "kept.gguf")
    for base in [nil, .model(evaluator), .states(kept)] as [EvaluationBase?] {
      let reports = Locked<[EvaluationProgress]>([])
      _ = try LossEvaluation(evaluator, windows, base: base).run { report in
        reports.withLock { $0.append(report) }
      }
      let done = reports.withLock { $0.map(\.done) }
      #expect(done == done.sorted() && done.first ?? 0 > 0)
      #expect(done.last == reports.withLock { $0.last?.total })
    }
  }

  @Test func `an evaluation goes on where it was cut off`() throws {
    let windows = try EvaluationTesting.windows(12, of: model)
    let evaluator = try testing.evaluator(model.file())
    let whole = try LossEvaluation(evaluator, windows).run()
    let path = testing.folder.url.appending(path: "state.gguf").path
    let first = try EvaluationState(path, evaluator, windows)
    #expect(!first.isResuming)
    _ = first.begin(planned: 4)
    // As if cut off after the last layer of the first four windows.
    _ = try evaluator.states(
      Array(windows.tokens[..<(4 * windows.length)]), length: windows.length, chunk: 4, state: first
    )
    let second = try EvaluationState(path, evaluator, windows)
    #expect(second.isResuming)
    let steps = Locked(0)
    let rest = try LossEvaluation(evaluator, windows).run(state: second) { _ in
      steps.withLock { $0 += 1 }
    }
    #expect(rest.losses == whole.losses)
    // The first segment's layers are not told of; segments stay as large as they were.
    #expect(steps.withLock { $0 } == 2 * model.layers + 3)
    let other = try EvaluationTesting.windows(8, of: model)
    #expect(throws: QuantError.self) { try EvaluationState(path, evaluator, other) }
  }

  @Test func `windows longer than the context length are refused`() throws {
    let windows = try EvaluationWindows(
      tokens: model.tokens(256), rules: .llama, length: 128, bos: 1)
    let evaluator = try testing.evaluator(model.file())
    let refused = { (run: () throws -> Void) in
      let error = #expect(throws: QuantError.self) { try run() }
      guard case .setting(.windowLength, _)? = error else { return false }
      return true
    }
    #expect(refused { _ = try LossEvaluation(evaluator, windows) })
    #expect(refused { _ = try evaluator.gatherImportance(over: windows, datasets: []) })
    #expect(refused { _ = try evaluator.logits(windows.tokens) })
  }

  @Test(arguments: ComputeMode.available.filter { [.f32, .bf16x3].contains($0) })
  func `segments of usual windows`(_ mode: ComputeMode) throws {
    let path = try Zstd.expand("tiny-moe-f16.gguf", into: testing.folder.url).path
    let tokens = model.tokens(4 * 512)
    let windows = try EvaluationWindows(tokens: tokens, rules: .llama, bos: 1)
    let losses = try [4_000_000, 8_000_000, 1 << 28].map { memory in
      let evaluator = try Evaluator(
        model: GGUFFile.open(path), contextLength: 512,
        options: EvaluationOptions(threads: 2, mode: mode, memoryBytes: memory))
      return try LossEvaluation(evaluator, windows).run().losses.meanLoss.value
    }
    #expect(losses.allSatisfy { $0 == losses[0] }, "\(losses)")
  }

  private func run(
    _ windows: EvaluationWindows, memory: Int, _ mode: ComputeMode
  ) throws -> (report: LossReport, steps: Int) {
    let evaluator = try testing.evaluator(model.file(), mode: mode, memory: memory)
    let steps = Locked(0)
    let report = try LossEvaluation(evaluator, windows).run { _ in steps.withLock { $0 += 1 } }
    return (report, steps.withLock { $0 })
  }

  @Test(arguments: ComputeMode.available)
  func `a model does not differ from itself`(_ mode: ComputeMode) throws {
    let windows = try EvaluationTesting.windows(6, of: model)
    for memory in [30_000, 1 << 28] {
      let evaluator = try testing.evaluator(model.file(), mode: mode, memory: memory)
      let side = try LossEvaluation(evaluator, windows, base: .model(evaluator)).run()
      let summary = try #require(side.divergence?.summary)
      #expect(summary.tokenCount == windows.countedTokens)
      #expect(abs(summary.meanDivergence.value) < 1e-9 && summary.sameTop.value == 1)
      let kept = try LossEvaluation(
        evaluator, windows, base: .states(try states(evaluator, windows, "self.gguf"))
      ).run()
      #expect(abs(try #require(kept.divergence?.summary).meanDivergence.value) < 1e-9)
      let losses = (kept.losses.meanLoss.value, side.losses.meanLoss.value)
      #expect(abs(losses.0 - losses.1) < 1e-6 * losses.1)
    }
  }

  private func states(
    _ evaluator: Evaluator, _ windows: EvaluationWindows, _ name: String
  ) throws -> BaseStates {
    let path = testing.folder.path(name)
    let writer = try BaseStatesWriter(to: path, evaluator, windows)
    _ = try LossEvaluation(evaluator, windows).run(keeping: writer)
    try writer.finish()
    return try BaseStates(path)
  }

  @Test func `kept states compare as the model itself does`() throws {
    let windows = try EvaluationTesting.windows(6, of: model)
    let base = try testing.evaluator(model.file())
    let variant = try testing.evaluator(TinyLlama(seed: 2).file(), "other.gguf")
    let kept = try states(base, windows, "base.gguf")
    #expect(kept.modelName == "tiny")
    let side = try LossEvaluation(variant, windows, base: .model(base)).run()
    let later = try LossEvaluation(variant, windows, base: .states(kept)).run()
    let summary = try #require(side.divergence?.summary)
    let divergence = summary.meanDivergence.value
    #expect(divergence > 0.1)
    let other = try #require(later.divergence?.summary).meanDivergence.value
    #expect(abs(other - divergence) < 1e-5 * divergence)
    let alone = try LossEvaluation(base, windows).run().losses.perplexity.value
    #expect(abs(summary.basePerplexity.value - alone) < 1e-5 * alone)
    // The first windows alone compare, too.
    let fewer = try EvaluationTesting.windows(3, of: model)
    let part = try LossEvaluation(variant, fewer, base: .states(kept)).run()
    #expect(part.losses.tokenCount == fewer.countedTokens)
  }

  @Test func `factors and biases of the output matrix are kept with the states`() throws {
    var file = model.file()
    file.add("output.scale", [1], bytes: TinyLlama.bytes([0.5]))
    file.add(
      "output.bias", [model.vocabulary],
      bytes: TinyLlama.bytes((0..<model.vocabulary).map { Float($0 % 5) }))
    let windows = try EvaluationTesting.windows(2, of: model)
    let evaluator = try testing.evaluator(file)
    let kept = try states(evaluator, windows, "scaled.gguf")
    let report = try LossEvaluation(evaluator, windows, base: .states(kept)).run()
    #expect(abs(try #require(report.divergence?.summary).meanDivergence.value) < 1e-9)
  }

  @Test func `states of other texts, windows or models are refused`() throws {
    let windows = try EvaluationTesting.windows(4, of: model)
    let evaluator = try testing.evaluator(model.file())
    let kept = try states(evaluator, windows, "base.gguf")
    let tokens = model.tokens(64)
    let others: [(EvaluationWindows, String)] = [
      (try EvaluationTesting.windows(4, of: model, seed: 8), "expected states of this text"),
      (try .init(tokens: tokens, rules: .llama, length: 8, bos: 1), "expected states of "),
      (try .init(tokens: tokens, rules: .full, length: 16, bos: 1), "by the protocol full"),
      (try .init(tokens: model.tokens(96), rules: .llama, length: 16, bos: 1), "expected states"),
    ]
    for (other, words) in others {
      let error = #expect(throws: QuantError.self) {
        try LossEvaluation(evaluator, other, base: .states(kept))
      }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    let larger = try testing.evaluator(TinyLlama(moreTokens: 1).file(), "larger.gguf")
    for base in [EvaluationBase.states(kept), .model(evaluator)] {
      let error = #expect(throws: QuantError.self) {
        try LossEvaluation(larger, windows, base: base)
      }
      #expect(error?.description.contains("expected a vocabulary of 26") == true)
    }
    let error = #expect(throws: QuantError.self) { try BaseStates(evaluator.model.path) }
    #expect(error?.description.contains("expected states of a base model") == true)
  }

  @Test func `an unfinished file of states leaves nothing behind`() throws {
    let windows = try EvaluationTesting.windows(4, of: model)
    let path = testing.folder.path("never.gguf")
    _ = try BaseStatesWriter(to: path, testing.evaluator(model.file()), windows)
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
