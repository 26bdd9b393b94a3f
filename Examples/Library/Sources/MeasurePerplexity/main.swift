// SPDX-License-Identifier: MIT

// Measures a model on a text, and its divergence from another: MeasurePerplexity MODEL TEXT [BASE]
@preconcurrency import Glibc
import Quant

let arguments = CommandLine.arguments
guard (3...4).contains(arguments.count) else {
  fputs("usage: MeasurePerplexity MODEL TEXT [BASE]\n", stderr)
  exit(64)
}
do {
  let model = try GGUFFile.open(arguments[1])
  let windows = try EvaluationWindows(
    of: Corpus(paths: [arguments[2]]), Tokenizer(model), .llama, limit: 4)
  let options = EvaluationOptions(threads: 2)
  func evaluator(_ model: GGUFFile) throws -> Evaluator {
    try Evaluator(model: model, contextLength: windows.length, options: options)
  }
  let base = try arguments.count > 3 ? EvaluationBase.model(evaluator(.open(arguments[3]))) : nil
  let report = try LossEvaluation(evaluator(model), windows, base: base).run { progress in
    print("\(progress.done * 100 / progress.total) %")
  }
  let perplexity = report.losses.perplexity
  print("perplexity \(perplexity.value) ± \(perplexity.error)")
  if let divergence = report.divergence?.summary.meanDivergence {
    print("mean divergence \(divergence.value) ± \(divergence.error) nats per token")
  }
} catch {
  fputs("error: \(error)\n", stderr)
  exit(1)
}
