// SPDX-License-Identifier: MIT

// Writes a model with another preset: Requantize MODEL OUTPUT PRESET [IMATRIX]
import Quant

let arguments = CommandLine.arguments
guard arguments.count >= 4, let recipe = Recipe(presetName: arguments[3]) else {
  fatalError("usage: Requantize MODEL OUTPUT PRESET [IMATRIX]")
}
let source = try GGUFFile.open(arguments[1])
let importance = try arguments.count > 4 ? ImportanceMatrix.read(arguments[4]) : nil
let output = OutputNaming.single(arguments[2])
let requantize = try RequantizePlan(
  source: source, recipe: recipe, importance: importance, output: output, toolVersion: "example")
try requantize.check()
print("writing \(requantize.plan.byteCount) bytes")
let executor = PlanExecutor(plan: requantize.plan, importance: importance, output: output)
let report = try await executor.run(threads: 2) { progress in
  print("\(progress.doneBytes) bytes done, at \(progress.tensor)")
}
print("\(report.slabCount) parts written")
