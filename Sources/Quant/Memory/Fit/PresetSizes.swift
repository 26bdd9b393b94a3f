// SPDX-License-Identifier: MIT
public import QuantModels
internal import QuantPlanning

/// The size of a model in several presets, where it fits, and how fast it would be.
public struct PresetSizes: Sendable {
  /// Where a model fits.
  public enum Place: String, Sendable {
    /// All of it on the GPUs; without GPUs, in host memory.
    case whole
    /// On the GPUs but for experts, which are in host memory.
    case expertsOutside = "experts_outside"
    /// Layers are in host memory.
    case layersOutside = "layers_outside"
    /// Nowhere.
    case nowhere = "does_not_fit"

    /// Where a model fits by its placement.
    public init(_ fit: MemoryFit) {
      switch fit.verdict {
      case .fits, nil: self = .whole
      case .doesNotFit: self = .nowhere
      case .fitsWithFlags:
        // Experts of the one layer that is shared count as experts.
        self = fit.placement.layers.contains(.host) ? .layersOutside : .expertsOutside
      }
    }
  }

  /// One preset.
  public struct Row: Sendable {
    /// The preset.
    public let preset: FileType
    /// The size of the file; of the tensors alone, where no file was planned.
    public let bytes: Int
    /// Whether `bytes` are those of the file.
    public let isWholeFile: Bool
    /// Bits of a weight, on average.
    public let bitsPerWeight: Double
    /// Where it fits; `nil` without a budget.
    public let place: Place?
    /// How fast it would be there; `nil` without a machine, and where it does not fit.
    public let speed: Throughput?

    /// Whether all of it fits the GPUs, or without GPUs the host; `nil` without a budget.
    public var fitsWhole: Bool? { place.map { $0 == .whole } }
  }

  /// The presets, the smallest first.
  public let rows: [Row]

  /// The presets that most published files have.
  public static let usual = [
    "IQ2_XXS", "Q2_K", "IQ3_XXS", "Q3_K_M", "IQ4_XS", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0",
  ].compactMap(FileType.init(name:))

  /// Estimates every preset.
  ///
  /// - Parameters:
  ///   - budget: What may be used, if that is known.
  ///   - machine: The machine, if that is known.
  ///   - options: How a model is run.
  ///   - model: The model in a preset.
  /// - Throws: What `model` throws.
  /// - Complexity: One plan a preset; about twelve estimates for each that does not fit whole.
  public init<E: Error>(
    budget: MemoryBudget?, machine: Machine?, options: ContextOptions,
    model: (FileType) throws(E) -> MemoryModel
  ) throws(E) {
    var rows: [Row] = []
    for preset in FileType.all {
      let model = try model(preset)
      rows.append(
        Row(preset, model, budget.map { MemoryFit(model, options: options, budget: $0) }, machine))
    }
    self.rows = rows.sorted { $0.bytes < $1.bytes }
  }

  /// Estimates the usual presets around the largest that fits whole: at most five that do, and three
  /// larger ones. Their files are not planned, which is much faster.
  ///
  /// - Parameters:
  ///   - base: The model in any types.
  ///   - budget: What may be used.
  ///   - machine: The machine, if that is known.
  ///   - options: How it is run.
  ///   - hasImportance: Whether there is an importance matrix, on which some presets depend.
  ///   - bits: Presets of this many bits a weight and more are left out.
  /// - Throws: As `MemoryModel.retyped`.
  public init(
    usual base: MemoryModel, budget: MemoryBudget, machine: Machine?, options: ContextOptions,
    hasImportance: Bool, below bits: Double = .infinity
  ) throws(QuantError) {
    var whole: [(FileType, MemoryModel)] = []
    var others: [(FileType, MemoryModel)] = []
    let limit = budget.room
    let retyping = base.retyping
    let buffers = ComputeBuffers(base, options)
    for preset in Self.usual.reversed() where whole.count < 5 {
      let model = try base.retyped(Recipe(preset: preset), retyping, hasImportance: hasImportance)
      guard model.bitsPerWeight < bits else { continue }
      if model.tensorBytes < limit.whole,
        MemoryFit.fitsWhole(model, options: options, budget: budget, buffers: buffers)
      {
        whole.append((preset, model))
      } else if model.tensorBytes < limit.all {
        others.append((preset, model))
      }
    }
    // Where none fits whole, more than five bits a weight cost speed and improve little.
    let near =
      whole.isEmpty ? others.filter { $0.1.bitsPerWeight < 6 }.prefix(3) : others.suffix(3)
    let above = near.map { preset, model in
      Row(
        preset, model,
        MemoryFit(
          model, options: options, budget: budget, rule: nil, others: [], buffers: buffers),
        machine)
    }
    let fitting = whole.map { preset, model in
      let placement = MemoryFit.wholePlacement(model, budget)
      return Row(
        preset, model, .whole,
        machine.map { $0.throughput(of: model.traffic(placement, options: options)) })
    }
    rows = (above + fitting).reversed()
  }

  /// The largest that fits whole.
  public var largest: Row? { rows.last { $0.fitsWhole == true } }
}

extension PresetSizes.Row {
  init(_ preset: FileType, _ model: MemoryModel, _ fit: MemoryFit?, _ machine: Machine?) {
    let fitting = fit.flatMap { $0.verdict == .doesNotFit ? nil : $0 }
    self.init(
      preset, model, fit.map(PresetSizes.Place.init),
      fitting.flatMap { fit in machine.map(fit.speed) })
  }

  init(
    _ preset: FileType, _ model: MemoryModel, _ place: PresetSizes.Place?, _ speed: Throughput?
  ) {
    self.preset = preset
    bytes = model.fileBytes ?? model.tensorBytes
    isWholeFile = model.fileBytes != nil
    bitsPerWeight = model.bitsPerWeight
    (self.place, self.speed) = (place, speed)
  }
}

extension MemoryFit {
  /// How fast the model is in its placement.
  public func speed(on machine: Machine) -> Throughput {
    machine.throughput(of: model.traffic(placement, options: options))
  }
}

extension MemoryBudget {
  /// Bytes that all GPUs (without GPUs, the host) may hold, and those that all devices together may.
  fileprivate var room: (whole: Int, all: Int) {
    let gpus = targets.clampedSum { max(0, $0) }
    guard let host = target(.host) else { return (self.gpus.isEmpty ? .max : gpus, .max) }
    return (self.gpus.isEmpty ? host : gpus, [gpus, max(0, host)].clampedSum { $0 })
  }
}
