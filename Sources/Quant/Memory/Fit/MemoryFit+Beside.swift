// SPDX-License-Identifier: MIT
public import QuantModels

extension MemoryFit {
  /// Looks for a placement that leaves room for what else is in memory.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - options: How it is run; checked before.
  ///   - budget: What may be used.
  ///   - rule: A placement that is given; `nil` to look for one.
  ///   - beside: What else is in memory.
  /// - Throws: `QuantError.content` for files of the wrong kind.
  /// - Complexity: As without, at most five times.
  public init(
    _ model: MemoryModel, options: ContextOptions, budget: MemoryBudget?, rule: PlacementRule?,
    beside: BesideModel
  ) throws(QuantError) {
    let buffers = ComputeBuffers(model, options)
    var fit = MemoryFit(
      model, options: options, budget: budget, rule: rule, others: [], buffers: buffers)
    // Adapters go where the layers are, and layers where adapters leave room: it settles at once, or all but.
    for _ in 0..<4 {
      let items = try beside.items(model, options, fit.placement)
      guard items != fit.others else { break }
      var budget = budget
      budget?.reserved = Dictionary(grouping: items, by: \.device)
        .mapValues { $0.clampedSum(\.bytes) }
      fit = MemoryFit(
        model, options: options, budget: budget, rule: rule, others: items, buffers: buffers)
    }
    self = fit
  }

  /// Bytes that what else is in memory takes of a device.
  public func otherBytes(on device: MemoryDevice) -> Int {
    others.filter { $0.device == device }.clampedSum(\.bytes)
  }
}
