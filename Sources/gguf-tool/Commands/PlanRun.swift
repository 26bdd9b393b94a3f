// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How a plan is carried out by a command: what is said before, and progress on the way.
struct PlanRun {
  /// The path that the user gave for the output.
  let output: String
  /// Whether the unfinished output of an earlier run is discarded.
  let restart: Bool
  /// How many slabs are worked on at once.
  let threads: Int
  /// Whether weights that their type cannot hold are an error.
  var isStrict = false

  /// Says what will become of files that are there already, and carries the plan out.
  func run(
    _ plan: ModelPlan, _ naming: OutputNaming, importance: ImportanceMatrix?, _ verb: String,
    calibration: CalibrationRequest? = nil
  ) async throws -> PlanOutcome {
    let progress = Progress(verb, total: plan.tensorByteCount)
    let hasBegun = Locked(false)
    let refiner = calibration.map { request in
      CalibrationRefiner(request) { step in
        guard let work = step.work else { return }
        let isFirst = hasBegun.withLock { begun in
          defer { begun = true }
          return !begun
        }
        if isFirst { progress.begin("calibrating", of: plan.tensorByteCount) }
        let part = Double(work.done) / Double(max(1, work.total))
        progress.update(to: Int(part * Double(plan.tensorByteCount)))
      }
    }
    let executor = PlanExecutor(
      plan: plan, importance: importance, output: naming, refiner: refiner)
    try announce(plan, executor)
    let start = ContinuousClock.now
    let report = try await executor.run(
      threads: threads, restarting: restart, isStrict: isStrict
    ) { progress.update(to: $0.doneBytes, earlier: $0.resumedBytes) }
    progress.finish()
    return PlanOutcome(
      report: report, time: ContinuousClock.now - start, calibration: refiner?.report)
  }

  private func announce(_ plan: ModelPlan, _ executor: PlanExecutor) throws {
    guard try restart || !executor.continuesEarlierRun() else {
      return Notes.write("continuing the unfinished \(output)")
    }
    for file in plan.files where Disk.exists(file.path) {
      Warnings.write("\(file.path) exists and will be replaced")
    }
  }
}
