// SPDX-License-Identifier: MIT

// Writes a model with another preset: Requantize MODEL OUTPUT PRESET [IMATRIX]
@preconcurrency import Glibc
import Quant

let arguments = CommandLine.arguments
guard (4...5).contains(arguments.count), let recipe = Recipe(presetName: arguments[3]) else {
  fputs("usage: Requantize MODEL OUTPUT PRESET [IMATRIX]\n", stderr)
  exit(64)
}
do {
  let source = try GGUFFile.open(arguments[1])
  let importance = try arguments.count > 4 ? ImportanceMatrix.read(arguments[4]) : nil
  let requantize = try RequantizePlan(
    source: source, recipe: recipe, importance: importance, output: .single(arguments[2]),
    toolVersion: "example")
  try requantize.check()
  print("writing \(requantize.plan.byteCount) bytes")
  let report = try await requantize.executor.run(threads: 2) { progress in
    print("\(progress.doneBytes) bytes done, at \(progress.tensor)")
  }
  print("\(report.slabCount) slabs of rows written")
} catch {
  fputs("error: \(error)\n", stderr)
  exit(1)
}
