// SPDX-License-Identifier: MIT
public import QuantModels

/// The size of a model in every preset, and whether it fits.
public struct PresetSizes: Sendable {
  /// One preset.
  public struct Row: Sendable {
    /// The preset.
    public let preset: FileType
    /// The size of the file; of the tensors alone, where there is no file.
    public let fileBytes: Int
    /// Bits of a weight, on average.
    public let bitsPerWeight: Double
    /// Whether all of it fits the GPUs, or without GPUs the host; `nil` without a budget.
    public let fitsWhole: Bool?
  }

  /// The presets, the smallest first.
  public let rows: [Row]

  /// Estimates every preset.
  ///
  /// - Parameters:
  ///   - budget: What may be used, if that is known.
  ///   - model: The model in a preset.
  ///   - options: How a model is run.
  /// - Throws: What `model` and `options` throw.
  /// - Complexity: One plan and one estimate a preset.
  public init<E: Error>(
    budget: MemoryBudget?, model: (FileType) throws(E) -> MemoryModel,
    options: (MemoryModel) throws(E) -> ContextOptions
  ) throws(E) {
    var rows: [Row] = []
    for preset in FileType.all {
      let model = try model(preset)
      var fits: Bool?
      if let budget {
        fits = MemoryFit.fitsWhole(model, options: try options(model), budget: budget)
      }
      rows.append(
        Row(
          preset: preset, fileBytes: model.fileBytes ?? model.tensorBytes,
          bitsPerWeight: Double(model.tensorBytes) * 8 / Double(max(1, model.weightCount)),
          fitsWhole: fits))
    }
    self.rows = rows.sorted { $0.fileBytes < $1.fileBytes }
  }

  /// The largest that fits.
  public var largest: Row? { rows.last { $0.fitsWhole == true } }
}
