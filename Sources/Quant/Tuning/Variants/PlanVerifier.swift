// SPDX-License-Identifier: MIT
public import QuantModels
public import QuantPlanning

/// What measuring must not show of a plan that is kept.
public struct QualityLimits: Sendable {
  /// The most divergence, the mean over the texts, in nats per token.
  public var divergence: Double?
  /// The most that perplexity may rise on any text, as a share of the model's.
  public var perplexityIncrease: Double?

  /// Sets limits.
  public init(divergence: Double? = nil, perplexityIncrease: Double? = nil) {
    self.divergence = divergence
    self.perplexityIncrease = perplexityIncrease
  }

  /// Whether a variant keeps to them.
  func allow(_ variant: MeasuredVariant) -> Bool {
    variant.meanDivergence <= divergence ?? .infinity
      && variant.perplexityIncrease <= perplexityIncrease ?? .infinity
  }

  /// By what factor the worse of the two is passed; below 1, neither is.
  func excess(_ variant: MeasuredVariant) -> Double {
    max(
      divergence.map { variant.meanDivergence / max($0, 1e-12) } ?? 0,
      perplexityIncrease.map { variant.perplexityIncrease / max($0, 1e-12) } ?? 0)
  }
}

/// A plan that was written and measured.
public struct PlanTrial: Sendable {
  /// The plan.
  public let plan: PlannedTypes
  /// What came of it.
  public let measured: MeasuredVariant
  /// Whether it keeps to the limits.
  public let isWithinLimits: Bool
}

/// Writes plans, measures them, and keeps the best.
public struct PlanVerifier {
  private let planner: ModelPlanner
  private let measurer: VariantMeasurer
  private let limits: QualityLimits
  private let fits: (ModelPlan) -> Bool
  private let note: (PlanTrial) -> Void

  /// Steps back before it gives up.
  private static let mostSteps = 8

  /// Prepares.
  ///
  /// - Parameters:
  ///   - planner: Makes plans.
  ///   - measurer: Measures them.
  ///   - limits: What must not show.
  ///   - fits: Whether a plan may be kept, whatever its quality.
  ///   - note: Told of every trial as it ends.
  public init(
    _ planner: ModelPlanner, _ measurer: VariantMeasurer, limits: QualityLimits,
    fits: @escaping (ModelPlan) -> Bool = { _ in true },
    note: @escaping (PlanTrial) -> Void = { _ in }
  ) {
    self.planner = planner
    self.measurer = measurer
    self.limits = limits
    self.fits = fits
    self.note = note
  }

  /// Tries what fits in a file of so many bytes: the plan; for a plan with a type an expert, also one
  /// with a type for all experts of a layer and projection; one type for all; and the largest preset.
  ///
  /// - Returns: All trials, the best first. If none keeps to the limits, that one does not either.
  /// - Throws: `QuantError` if nothing fits, or a variant cannot be written or measured.
  public func verify(fileBytes: Int) async throws(QuantError) -> [PlanTrial] {
    var candidates = [try planner.plan(.size(fileBytes))]
    if planner.rules.layout == .perExpert {
      let merged = try planner.withOneTypeALayer().planIfPossible(.size(fileBytes))
      if let merged { candidates.append(merged) }
    }
    if let uniform = try planner.bestUniform(fileBytes: fileBytes) { candidates.append(uniform) }
    // Presets know nothing of what the user allowed.
    if planner.rules.types == nil, planner.rules.minimums.isEmpty,
      let preset = try planner.bestPreset(fileBytes: fileBytes)
    {
      candidates.append(preset)
    }
    candidates = candidates.filter { fits($0.plan) }
    var trials: [PlanTrial] = []
    for candidate in candidates { trials.append(try await attempt(candidate)) }
    return trials.sorted { first, second in
      (first.isWithinLimits ? 0 : 1, first.measured.meanDivergence)
        < (second.isWithinLimits ? 0 : 1, second.measured.meanDivergence)
    }
  }

  /// Looks for the smallest plan whose measurement keeps to a divergence: from the plan that is
  /// expected to, back to more precise ones where it does not, and on to smaller ones where it leaves
  /// much of the limit unused.
  ///
  /// - Returns: All trials; first the smallest that keeps to the limits, if any does.
  /// - Throws: `QuantError` if a variant cannot be written or measured.
  public func verify(divergence: Double) async throws(QuantError) -> [PlanTrial] {
    var expected = divergence
    var trials: [PlanTrial] = []
    for step in 0..<Self.mostSteps {
      // Beyond the first, a plan that cannot be made ends the search.
      guard
        let plan = try step == 0
          ? planner.plan(.divergence(expected))
          : try? planner.plan(.divergence(expected)),
        !trials.contains(where: { $0.plan.recipe.text == plan.recipe.text })
      else { break }
      let trial = try await attempt(plan)
      trials.append(trial)
      let excess = limits.excess(trial.measured)
      let isBackAgain = trials.contains { !$0.isWithinLimits } && trial.isWithinLimits
      guard !trial.isWithinLimits || (excess < Self.enoughUse && !isBackAgain && step < 3) else {
        break
      }
      let factor = Self.aim / max(excess, 0.1)
      expected = trial.plan.divergence * (trial.isWithinLimits ? factor : min(0.9, factor))
    }
    return trials.sorted { first, second in
      (first.isWithinLimits ? 0 : 1, first.measured.byteCount)
        < (second.isWithinLimits ? 0 : 1, second.measured.byteCount)
    }
  }

  /// Where between nothing and the limit the next plan is to come out.
  private static let aim = 0.95
  /// How much of the limit is used well enough.
  private static let enoughUse = 0.85

  private func attempt(_ plan: PlannedTypes) async throws(QuantError) -> PlanTrial {
    let measured = try await measurer.measure(plan.recipe)
    let trial = PlanTrial(
      plan: plan, measured: measured, isWithinLimits: limits.allow(measured))
    note(trial)
    return trial
  }
}
