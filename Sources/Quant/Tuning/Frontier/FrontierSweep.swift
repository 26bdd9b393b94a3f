// SPDX-License-Identifier: MIT
public import GGUF
public import QuantEvaluation
public import QuantModels
public import QuantPlanning

/// Writes and measures the variants of a grid.
public struct FrontierSweep {
  /// How far a sweep is.
  public struct Progress: Sendable {
    /// Variants measured.
    public let done: Int
    /// All of them.
    public let total: Int
    /// The one measured last.
    public let point: Frontier.Point
  }

  private let source: any ModelSource
  private let sensitivity: Sensitivity
  private let importance: ImportanceMatrix?
  private let variants: [FrontierVariant]
  private let measurer: VariantMeasurer
  private let speed: SpeedModel?

  /// Prepares a sweep.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - sensitivity: What its units suffer.
  ///   - importance: What variants are written with.
  ///   - rules: What plans may choose from; its layout does not matter.
  ///   - grid: Which variants.
  ///   - measurer: Measures them.
  ///   - speed: Predicts how fast they are.
  ///   - toolVersion: Written into the variants' metadata.
  /// - Throws: `QuantError` if types cannot be chosen.
  public init(
    _ source: any ModelSource, _ sensitivity: Sensitivity, importance: ImportanceMatrix?,
    rules: AllocationRules, grid: FrontierGrid, measurer: VariantMeasurer, speed: SpeedModel?,
    toolVersion: String
  ) throws(QuantError) {
    self.source = source
    self.sensitivity = sensitivity
    self.importance = importance
    self.measurer = measurer
    self.speed = speed
    func planner(_ layout: ExpertLayout) throws(QuantError) -> ModelPlanner {
      var own = rules
      own.layout = layout
      return try ModelPlanner(
        source, sensitivity, own, importance: importance, toolVersion: toolVersion)
    }
    var planners: [(Frontier.Point.Series, ModelPlanner)] = []
    if sensitivity.units.contains(where: { $0.expert != nil }) {
      planners.append((.perExpert, try planner(.perExpert)))
    }
    planners.append((.merged, try planner(.merged)))
    variants = try FrontierVariants(source, sensitivity, planners: planners, grid: grid).all()
  }

  /// Points of the grid.
  public var pointCount: Int { variants.count }

  /// Adds all that points depend on to what parts of a job must agree in.
  ///
  /// Throws `QuantError.file` if the model cannot be read.
  public func describe(_ job: inout PartJob) throws(QuantError) {
    try job.add("model", source)
    measurer.describe(&job)
    var fingerprint = Fingerprint()
    for variant in variants {
      fingerprint.add(variant.series.rawValue)
      fingerprint.add(variant.label)
      fingerprint.add(Int(bitPattern: UInt(variant.expected.bitPattern)))
      for type in variant.types { fingerprint.add(type.name) }
    }
    job.add("grid", "of \(variants.count) variants with the mark \(fingerprint.text)")
    job.add("machine", ([speed?.name ?? "none"] + basis).joined(separator: "; "))
  }

  /// Runs it.
  ///
  /// - Parameters:
  ///   - part: The part of the grid to measure; by default all of it.
  ///   - progress: Called after each variant.
  /// - Returns: The frontier, its front marked.
  /// - Throws: `QuantError` if a variant cannot be written or evaluated.
  public func run(
    only part: JobPart? = nil, progress: (Progress) -> Void = { _ in }
  ) async throws(QuantError) -> Frontier {
    let members = part?.members(of: variants.count) ?? Array(variants.indices)
    let base = members.isEmpty && part != nil ? [] : try measurer.measureSource()
    var points: [Frontier.Point] = []
    for member in members {
      let point = try await point(variants[member])
      points.append(point)
      progress(Progress(done: points.count, total: members.count, point: point))
    }
    var frontier = Frontier(
      model: source.path, name: source.metadata["general.name"]?.text,
      importance: importance?.path, modelBytes: source.byteCount,
      base: base, machine: speed?.name, speedBasis: basis, expertLayers: expertLayers,
      points: points)
    frontier.markFront()
    return frontier
  }

  private func point(_ variant: FrontierVariant) async throws(QuantError) -> Frontier.Point {
    let measured = try await measurer.measure(variant.recipe)
    let weights = source.tensors.reduce(0) { $0 + $1.weightCount }
    let plan = measured.plan
    return Frontier.Point(
      series: variant.series, label: variant.label, quantizedExperts: variant.quantizedExperts,
      recipe: variant.recipeText, requantizes: !plan.requantizedTensors.isEmpty,
      lacksImportance: !plan.tensorsLackingImportance.isEmpty, llamaCpp: plan.llamaCpp,
      losses: measured.report.losses(of: plan.plan),
      emptiedTensors: measured.report.emptiedTensors(of: plan.plan),
      sizeBytes: measured.byteCount,
      bitsPerWeight: Double(measured.byteCount) * 8 / Double(max(1, weights)),
      expectedDivergence: variant.expected, results: measured.results,
      speed: speed?.speed(sensitivity, variant.types),
      expertBits: expertBits(variant.types))
  }

  private var basis: [String] {
    guard let speed, let first = variants.first else { return [] }
    return speed.basis(sensitivity, first.types)
  }

  private var expertLayers: [Int] {
    Set(sensitivity.units.compactMap { $0.expert == nil ? nil : $0.layer }).sorted()
  }

  /// Bits for each weight of every expert, layer by layer.
  private func expertBits(_ types: [TensorType]) -> [[Double]] {
    expertLayers.map { layer in
      var bits: [Int: (bits: Double, weights: Double)] = [:]
      for (unit, type) in zip(sensitivity.units, types) where unit.layer == layer {
        guard let expert = unit.expert else { continue }
        let weights = Double(unit.weights)
        bits[expert, default: (0, 0)].bits += weights * (type.layout?.bitsPerWeight ?? 0)
        bits[expert, default: (0, 0)].weights += weights
      }
      return bits.sorted { $0.key < $1.key }.map { $0.value.bits / max(1, $0.value.weights) }
    }
  }
}
