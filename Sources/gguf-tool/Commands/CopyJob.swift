// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What split and merge do: tensors are copied to other files.
struct CopyJob {
  let source: GGUFFile
  let output: OutputNaming
  let isDry: Bool
  let restart: Bool
  let threads: Int
  let isJSON: Bool

  /// Plans, carries the plan out unless the run is dry, and shows the files.
  func run(_ verb: String) async throws {
    let plan = try ModelPlan(copying: source, output: output)
    let view = CopyView(plan: plan, isJSON: isJSON)
    if isDry { return try view.show() }
    try plan.checkPaths(output, importance: nil)
    let job = PlanRun(output: output.path, restart: restart, threads: threads)
    let outcome = try await job.run(plan, output, importance: nil, verb)
    try view.show(outcome.report, outcome.time)
  }
}
