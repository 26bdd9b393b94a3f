// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels
public import QuantPlanning

/// What a plan has to meet.
public enum PlanTarget: Sendable, Hashable {
  /// The whole file in at most so many bytes.
  case size(Int)
  /// All files together at most so many bits a weight.
  case bitsPerWeight(Double)
  /// An expected divergence of at most so many nats per token, in as few bytes as can be.
  case divergence(Double)
}

/// A plan for all types of a model, with what is expected of it.
public struct PlannedTypes: Sendable {
  /// The recipe as a file.
  public let text: String
  /// The recipe.
  public let recipe: Recipe
  /// What is written by it.
  public let plan: ModelPlan
  /// The divergence expected from the source, in nats per token; NaN where nothing is known.
  public let divergence: Double
  /// What kind of plan it is, in a word or two.
  public let name: String
  /// The type of each measured unit, in the order of the sensitivity file.
  public let types: [TensorType]

  /// Bytes of the files written by it, exactly.
  public var byteCount: Int { plan.byteCount }
  /// Weights of the model.
  public var weightCount: Int { plan.weightCount }
  /// Bits for each weight, headers included.
  public var bitsPerWeight: Double { Double(byteCount) * 8 / Double(max(1, weightCount)) }
}

/// Chooses a type for every unit of a model.
public struct ModelPlanner: Sendable {
  /// The model.
  public let source: any ModelSource
  /// What its units suffer.
  public let sensitivity: Sensitivity
  /// What may be chosen.
  public let rules: AllocationRules
  private let importance: ImportanceMatrix?
  private let toolVersion: String
  private let usage: String?
  private let groups: [AllocationGroup]

  /// Prepares to plan.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - sensitivity: What its units suffer.
  ///   - rules: What may be chosen.
  ///   - importance: The importance matrix that the variant will be written with, if any.
  ///   - toolVersion: As it will be written into the metadata.
  ///   - usage: The command that writes a variant by the recipe, for a comment in it.
  /// - Throws: `QuantError.setting` for a unit that is left without any type.
  public init(
    _ source: any ModelSource, _ sensitivity: Sensitivity, _ rules: AllocationRules,
    importance: ImportanceMatrix?, toolVersion: String, usage: String? = nil
  ) throws(QuantError) {
    var rules = rules
    if rules.layout == .keep {
      let isSplit = source.tensors.contains { ExpertTensorName($0.name)?.expert != nil }
      rules.layout = isSplit ? .perExpert : .merged
    }
    self.source = source
    self.sensitivity = sensitivity
    self.rules = rules
    self.importance = importance
    self.toolVersion = toolVersion
    self.usage = usage
    groups = try AllocationGroups(sensitivity, source, rules).groups
  }

  /// The best plan that fits somewhere.
  ///
  /// - Parameter fits: Whether a plan's files fit; plans of more bytes must not fit where smaller ones
  ///   do not.
  /// - Returns: The largest plan that fits, to a thousandth of the model's bytes.
  /// - Throws: `QuantError.setting` if not even the smallest plan fits.
  /// - Complexity: O(log *n*) plans.
  public func largest(
    where fits: (ModelPlan) throws(QuantError) -> Bool
  ) throws(QuantError) -> PlannedTypes {
    let all = try planned(Allocation(groups, bytes: .max / 2), name: "whole")
    if try fits(all.plan) { return all }
    var low = try planned(Allocation(groups, bytes: 0), name: "smallest")
    guard try fits(low.plan) else {
      throw .setting(
        .planTarget,
        what: "no choice of the measured types fits: the smallest file takes \(low.byteCount) bytes"
      )
    }
    var (least, most) = (low.byteCount, source.tensors.reduce(0) { $0 + ($1.byteCount ?? 0) })
    while most - least > max(1, most / 1000) {
      let middle = least + (most - least) / 2
      let found = try plan(.size(middle))
      if try fits(found.plan) { (low, least) = (found, middle) } else { most = middle }
    }
    return low
  }

  /// The planner that gives all experts of a layer and projection one type.
  ///
  /// Throws `QuantError.setting` for a unit that is left without any type.
  func withOneTypeALayer() throws(QuantError) -> ModelPlanner {
    var rules = rules
    rules.layout = .merged
    return try ModelPlanner(
      source, sensitivity, rules, importance: importance, toolVersion: toolVersion,
      usage: usage)
  }

  /// The best plan for a target.
  ///
  /// Throws `QuantError.setting` if no choice of types meets it.
  public func plan(_ target: PlanTarget) throws(QuantError) -> PlannedTypes {
    switch target {
    case .size(let bytes): return try plan(fileBytes: bytes)
    case .bitsPerWeight: return try plan(fileBytes: fileBytes(of: target))
    case .divergence(let limit):
      let found = Allocation(groups, damage: limit)
      guard found.damage <= limit else {
        throw .setting(
          .planTarget,
          what:
            "no choice of the measured types keeps the divergence to \(limit): the most precise one is"
            + " expected to reach \(found.damage)")
      }
      return try planned(found, name: "\(rules.layout.rawValue) plan")
    }
  }

  /// The best plan for a target in bytes; `nil` if nothing fits.
  func planIfPossible(_ target: PlanTarget) throws(QuantError) -> PlannedTypes? {
    let least = try planned(Allocation(groups, bytes: 0), name: "smallest")
    return least.byteCount <= fileBytes(of: target) ? try plan(target) : nil
  }

  /// The bytes that a target allows the file; all there are, for a target that does not speak of bytes.
  public func fileBytes(of target: PlanTarget) -> Int {
    switch target {
    case .size(let bytes): return bytes
    case .bitsPerWeight(let bits):
      let weights = source.tensors.reduce(0) { $0 + $1.weightCount }
      return Int(min(Double(weights) * bits / 8, 0x1p60))
    case .divergence: return Int.max
    }
  }

  /// One type for all that was measured.
  ///
  /// Throws `QuantError` if the recipe does not fit the model.
  public func uniform(_ type: TensorType) throws(QuantError) -> PlannedTypes {
    try planned(Allocation(groups, uniform: type), name: "uniform \(type)")
  }

  /// The uniform plan with the least damage that fits in a file's bytes; `nil` if none does.
  ///
  /// Throws `QuantError` if a recipe does not fit the model.
  public func bestUniform(fileBytes: Int) throws(QuantError) -> PlannedTypes? {
    var best: PlannedTypes?
    let types = sensitivity.types.compactMap(TensorType.init(name:))
    for type in types where rules.types.map({ $0.contains(type) }) ?? true {
      let found = try uniform(type)
      guard found.byteCount <= fileBytes, found.divergence < best?.divergence ?? .infinity
      else { continue }
      best = found
    }
    return best
  }

  /// The largest preset that fits in a file's bytes, in the layout of the plan; `nil` if none does. No
  /// divergence is known of it.
  ///
  /// Throws `QuantError` if the model's metadata cannot be used.
  public func bestPreset(fileBytes: Int) throws(QuantError) -> PlannedTypes? {
    var best: PlannedTypes?
    for preset in FileType.all where preset.defaultType.isQuantized {
      let text = "preset = \(preset.name)\nlayout = \(rules.layout.rawValue)\n"
      let found = try planned(text, divergence: .nan, name: "preset \(preset.name)", types: [])
      guard let found, found.byteCount <= fileBytes, found.byteCount > best?.byteCount ?? 0
      else { continue }
      best = found
    }
    return best
  }

  /// The size that the tensors may have follows from the file's: the recipe is part of the header.
  private func plan(fileBytes target: Int) throws(QuantError) -> PlannedTypes {
    var budget = target
    var best: PlannedTypes?
    for _ in 0..<Self.mostRounds {
      let allocation = Allocation(groups, bytes: budget)
      let found = try planned(allocation, name: "\(rules.layout.rawValue) plan")
      let room = target - found.byteCount
      if room >= 0, found.divergence < best?.divergence ?? .infinity { best = found }
      // Room for less than a row is none.
      guard room < 0 || room > Self.smallestRoom else { break }
      // What is over must come off what was spent, not off what was allowed.
      budget = (room < 0 ? min(budget, allocation.bytes) : budget) + room
    }
    guard let best else {
      let least = try planned(Allocation(groups, bytes: 0), name: "smallest")
      throw .setting(
        .planTarget,
        what: "no choice of the measured types fits in \(target) bytes: the smallest takes"
          + " \(least.byteCount)")
    }
    return best
  }

  private static let mostRounds = 12
  private static let smallestRoom = 64

  private func planned(
    _ allocation: Allocation, name: String
  ) throws(QuantError) -> PlannedTypes {
    let writer = AllocationRecipe(sensitivity, allocation, layout: rules.layout)
    let text = writer.text(comments: comments(allocation, name))
    let found = try planned(
      text, divergence: allocation.damage, name: name, types: types(allocation))
    guard let found else {
      throw .unsupported("\(source.path): the plan has types that cannot be written")
    }
    return found
  }

  /// A recipe with the size of what it writes; `nil` if it cannot be written.
  private func planned(
    _ text: String, divergence: Double, name: String, types: [TensorType]
  ) throws(QuantError) -> PlannedTypes? {
    var recipe = try RecipeFile.recipe(text, file: "plan")
    recipe.allowsMissingImportance = importance == nil
    recipe.allowsRequantizing = true
    let made = try RequantizePlan(
      source: source, recipe: recipe, importance: importance,
      calibration: rules.isCalibrated ? Self.anyCalibration : nil, output: .single("plan.gguf"),
      toolVersion: toolVersion)
    // Tensors may all stay as they are, calibrated or not.
    guard (try? made.checkTensors()) != nil else { return nil }
    return PlannedTypes(
      text: text, recipe: recipe, plan: made.plan, divergence: divergence, name: name,
      types: types)
  }

  /// Room for what the file will say of its calibration: names of texts as long as this.
  private static let anyCalibration = CalibrationOrigin(
    .sequential, datasets: [String(repeating: "-", count: 512)], windowCount: 0, windowLength: 0)

  private func types(_ allocation: Allocation) -> [TensorType] {
    var types = [TensorType](repeating: .F32, count: sensitivity.units.count)
    for (group, choice) in zip(allocation.groups, allocation.choices) {
      for unit in group.units { types[unit] = choice.type }
    }
    return types
  }

  private func comments(_ allocation: Allocation, _ name: String) -> [String] {
    [
      "\(name) of \(source.path)",
      "measured on \(sensitivity.corpora.joined(separator: ", ")): expected divergence "
        + "\(AllocationRecipe.short(allocation.damage)) nats a token",
    ] + (usage.map { [$0] } ?? [])
  }
}
