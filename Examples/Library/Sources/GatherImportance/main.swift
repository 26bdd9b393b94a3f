// SPDX-License-Identifier: MIT

// Gathers an importance matrix from a text: GatherImportance MODEL TEXT OUTPUT
@preconcurrency import Glibc
import Quant

let arguments = CommandLine.arguments
guard arguments.count == 4 else {
  fputs("usage: GatherImportance MODEL TEXT OUTPUT\n", stderr)
  exit(64)
}
do {
  let model = try GGUFFile.open(arguments[1])
  let corpus = try Corpus(paths: [arguments[2]])
  let windows = try EvaluationWindows(of: corpus, Tokenizer(model), .llama, limit: 4)
  let evaluator = try Evaluator(
    model: model, contextLength: windows.length, options: EvaluationOptions(threads: 2))
  let matrix = try evaluator.gatherImportance(over: windows, datasets: corpus.files)
  try matrix.write(as: arguments[3])
  print("\(matrix.entries.count) entries from \(windows.count) windows")
} catch {
  fputs("error: \(error)\n", stderr)
  exit(1)
}
