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
  ) async throws -> (report: PlanReport, time: Duration) {
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
    if let report = refiner?.report { tell(report) }
    return (report, ContinuousClock.now - start)
  }

  /// Says what a calibration left as it was, and what came of it.
  private func tell(_ report: CalibrationReport) {
    for name in report.unusedTensors {
      Notes.write("\(name) is not calibrated: the text is multiplied with none of it")
    }
    if let name = report.tiedEmbedding {
      Notes.write("\(name) is not calibrated: it is the embedding and the output matrix in one")
    }
    for tensor in report.tensorsWithoutFeedback {
      Notes.write("\(tensor.name) is not calibrated: \(tensor.type) has no codes to choose")
    }
    let few = report.matrices.filter { $0.outcome == .accepted && $0.tokens < $0.columns }
    if let worst = few.min(by: { $0.effectiveRank < $1.effectiveRank }) {
      Warnings.write(
        "\(few.count) matrices have fewer calibration tokens than columns (\(worst.tensor): "
          + "\(worst.tokens) tokens, \(worst.columns) columns, effective rank "
          + "\(Int(worst.effectiveRank))); more text would serve them better")
    }
    let unreached = report.matrices.count { $0.outcome == .unreached }
    if unreached > 0 {
      Warnings.write("\(unreached) matrices had no token of the text and are not calibrated")
    }
    let accepted = report.matrices.count { $0.outcome == .accepted }
    let (before, after) = report.matrices.reduce((0.0, 0.0)) {
      ($0.0 + $1.plainError, $0.1 + $1.error)
    }
    let part = before > 0 ? Int((100 * after / before).rounded()) : 100
    Notes.write(
      "calibrated \(accepted) of \(report.matrices.count) matrices; on text held out, \(part) % of"
        + " the plain search's squared error is left")
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
