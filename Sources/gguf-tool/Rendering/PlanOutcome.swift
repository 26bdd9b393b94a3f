// SPDX-License-Identifier: MIT
import Quant

/// What came of a plan.
struct PlanOutcome {
  let report: PlanReport
  /// How long it took.
  let time: Duration
  /// What a calibration did, if there was one.
  let calibration: CalibrationReport?
}
