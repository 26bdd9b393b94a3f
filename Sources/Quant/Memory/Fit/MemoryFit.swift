// SPDX-License-Identifier: MIT

/// Whether a model fits, where it goes, and how far it could go.
public struct MemoryFit: Sendable {
  /// The answer.
  public enum Verdict: String, Sendable {
    /// Everything is on the GPUs; without GPUs, in host memory.
    case fits
    /// Part of it must be in host memory, which these flags do.
    case fitsWithFlags = "fits_with_flags"
    /// Some device has too little memory.
    case doesNotFit = "does_not_fit"
  }

  /// A device that has too little.
  public struct Shortage: Sendable, Equatable {
    /// The device.
    public let device: MemoryDevice
    /// Bytes that are missing, the margin counted.
    public let bytes: Int
    /// The largest part of what it would hold: weights, cache or compute.
    public let binding: String
  }

  /// The model.
  public let model: MemoryModel
  /// How it is run.
  public let options: ContextOptions
  /// What may be used; `nil` if nothing was said of it.
  public let budget: MemoryBudget?
  /// Where it goes.
  public let placement: DevicePlacement
  /// What every device needs.
  public let estimate: MemoryEstimate
  /// The answer; `nil` without a budget.
  public let verdict: Verdict?
  /// The device that has least room, in relation, if any has too little.
  public let shortage: Shortage?
  /// What else is in memory; the budget counts it as reserved.
  public let others: [BesideModel.Item]

  /// Looks for a placement that fits.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - options: How it is run; checked before.
  ///   - budget: What may be used.
  ///   - rule: A placement that is given; `nil` to look for one as llama.cpp's `--fit` does.
  ///   - others: What else is in memory, which the budget counts as reserved.
  /// - Complexity: About twenty estimates.
  public init(
    _ model: MemoryModel, options: ContextOptions, budget: MemoryBudget?,
    rule: PlacementRule? = nil, others: [BesideModel.Item] = []
  ) {
    self.init(
      model, options: options, budget: budget, rule: rule, others: others,
      buffers: ComputeBuffers(model, options))
  }

  init(
    _ model: MemoryModel, options: ContextOptions, budget: MemoryBudget?, rule: PlacementRule?,
    others: [BesideModel.Item], buffers: ComputeBuffers
  ) {
    self.model = model
    self.others = others
    self.options = options
    self.budget = budget
    let chosen =
      rule
      ?? budget.map {
        $0.gpus.isEmpty
          ? PlacementRule(gpuCount: 0)
          : FitSearch(model: model, options: options, targets: $0.targets, buffers: buffers)
            .placement()
      } ?? PlacementRule(gpuCount: 0)
    placement = DevicePlacement(model, rule: chosen)
    estimate = MemoryEstimate(
      model, placement: placement, options: options, buffers: buffers)
    let lack = budget.flatMap { [estimate] in Self.shortage(estimate.gpus + [estimate.host], $0) }
    let isOutside = placement.rule.gpuCount > 0 && !placement.isOnGPUs(model)
    shortage = lack
    verdict =
      budget == nil ? nil : lack != nil ? .doesNotFit : isOutside ? .fitsWithFlags : .fits
  }

  private static func shortage(_ devices: [DeviceMemory], _ budget: MemoryBudget) -> Shortage? {
    devices.compactMap { memory -> Shortage? in
      guard let target = budget.target(memory.device), memory.total > target else { return nil }
      let parts = [
        (memory.weights, "weights"), (memory.cache, "cache"), (memory.compute, "compute"),
      ]
      return Shortage(
        device: memory.device, bytes: memory.total - target,
        binding: parts.max { $0.0 < $1.0 }?.1 ?? "weights")
    }.max { $0.bytes < $1.bytes }
  }

  /// Whether the model fits with another context in the same placement.
  private func fits(context: Int) -> Bool {
    guard let budget else { return false }
    var other = options
    other.context = context
    return Self.fits(model, placement, other, budget, buffers: ComputeBuffers(model, other))
  }

  /// Whether a placement fits: what it keeps may be too much already, and is known much faster than all
  /// that it needs.
  private static func fits(
    _ model: MemoryModel, _ placement: DevicePlacement, _ options: ContextOptions,
    _ budget: MemoryBudget, buffers: @autoclosure () -> ComputeBuffers
  ) -> Bool {
    let kept = MemoryEstimate.kept(model, placement: placement, options: options)
    guard shortage(kept, budget) == nil else { return false }
    let estimate = MemoryEstimate(
      model, placement: placement, options: options, buffers: buffers())
    return shortage(estimate.gpus + [estimate.host], budget) == nil
  }

  /// The largest context that fits in this placement, in steps of 256 tokens up to what the model was
  /// made for; `nil` without a budget, or if none fits.
  ///
  /// - Complexity: O(log *n*) estimates in tokens.
  public var largestContext: Int? {
    guard budget != nil else { return nil }
    let most = max(model.shape.trainedContext ?? options.context, options.context)
    var (low, high) = (0, max(1, most / 256))
    if fits(context: high * 256) { return high * 256 }
    while high - low > 1 {
      let middle = (low + high) / 2
      if fits(context: middle * 256) { low = middle } else { high = middle }
    }
    return low > 0 ? low * 256 : nil
  }

  /// All of a model on the GPUs, or without GPUs in host memory.
  static func wholePlacement(_ model: MemoryModel, _ budget: MemoryBudget) -> DevicePlacement {
    var rule = PlacementRule(gpuCount: budget.gpus.count)
    rule.split = budget.gpus.map(Double.init)
    return DevicePlacement(model, rule: rule)
  }

  /// Whether everything goes to the GPUs (without GPUs, into host memory) and fits.
  ///
  /// - Complexity: One estimate.
  public static func fitsWhole(
    _ model: MemoryModel, options: ContextOptions, budget: MemoryBudget
  ) -> Bool {
    fitsWhole(model, options: options, budget: budget, buffers: ComputeBuffers(model, options))
  }

  static func fitsWhole(
    _ model: MemoryModel, options: ContextOptions, budget: MemoryBudget,
    buffers: @autoclosure () -> ComputeBuffers
  ) -> Bool {
    fits(model, wholePlacement(model, budget), options, budget, buffers: buffers())
  }
}

extension DevicePlacement {
  /// Whether all tensors but the embedding are on GPUs.
  func isOnGPUs(_ model: MemoryModel) -> Bool {
    isFullyOffloaded
      && !zip(model.tensors, tensors).contains {
        $1 == .host && $0.layer != nil
      }
  }

  /// Layers with all or some of their experts outside.
  public func layersWithExpertsOutside(_ model: MemoryModel) -> Int {
    let outside = zip(model.tensors, tensors).filter { $0.1 == .host && $0.0.isOfExperts }
    return Set(outside.compactMap(\.0.layer)).filter { layers[$0] != .host }.count
  }
}
