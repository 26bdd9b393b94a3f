// SPDX-License-Identifier: MIT
public import GGUF
internal import QuantModels
internal import QuantPlanning

/// A variant that a frontier will hold: how it is made, before it is.
struct FrontierVariant: Sendable {
  let series: Frontier.Point.Series
  let label: String
  var quantizedExperts: Int?
  let recipe: Recipe
  /// The recipe as a file.
  let recipeText: String
  /// The divergence expected.
  let expected: Double
  /// The type of each measured unit.
  let types: [TensorType]
}

/// Which variants a frontier is made of.
public struct FrontierGrid: Sendable {
  /// Budgets for the best plans, in bits for each weight.
  public var budgets: [Double]
  /// Types for everything at once.
  public var uniformTypes: [TensorType]
  /// Numbers of experts in few bits, the rest whole.
  public var expertCounts: [Int]
  /// The few bits.
  public var lowType: TensorType
  /// The start of what is chosen at random.
  public var seed: UInt64

  /// Chooses a grid.
  public init(
    budgets: [Double], uniformTypes: [TensorType], expertCounts: [Int], lowType: TensorType,
    seed: UInt64
  ) {
    self.budgets = budgets
    self.uniformTypes = uniformTypes
    self.expertCounts = expertCounts
    self.lowType = lowType
    self.seed = seed
  }
}

/// Makes the variants of a grid.
struct FrontierVariants {
  private let source: any ModelSource
  private let sensitivity: Sensitivity
  private let planners: [(Frontier.Point.Series, ModelPlanner)]
  private let grid: FrontierGrid

  init(
    _ source: any ModelSource, _ sensitivity: Sensitivity,
    planners: [(Frontier.Point.Series, ModelPlanner)], grid: FrontierGrid
  ) {
    self.source = source
    self.sensitivity = sensitivity
    self.planners = planners
    self.grid = grid
  }

  /// All of them, series after series.
  ///
  /// Budgets below the smallest plan are left out. Throws `QuantError.setting` if the few bits were not
  /// measured.
  func all() throws(QuantError) -> [FrontierVariant] {
    guard sensitivity.types.contains(grid.lowType.name) || experts.isEmpty else {
      throw .setting(
        .types,
        what:
          "\(grid.lowType): expected a type for few bits that the sensitivity was measured for: "
          + sensitivity.types.joined(separator: ", "))
    }
    var variants: [FrontierVariant] = []
    for (series, planner) in planners {
      for bits in grid.budgets {
        guard let plan = try planner.planIfPossible(.bitsPerWeight(bits)) else { continue }
        variants.append(variant(plan, series, label: "\(Self.rounded(bits)) bits"))
      }
    }
    if let planner = planners.last?.1 {
      for type in grid.uniformTypes {
        variants.append(variant(try planner.uniform(type), .uniform, label: type.name))
      }
    }
    // Without a text, nothing is known of routers.
    let isRouted = sensitivity.units.contains { $0.expert != nil && $0.tokens > 0 }
    for series in [Frontier.Point.Series.random, .router, .sensitivity]
    where isRouted || series != .router {
      for count in grid.expertCounts {
        if let variant = try mixture(series, count) { variants.append(variant) }
      }
    }
    return variants
  }

  private func variant(
    _ plan: PlannedTypes, _ series: Frontier.Point.Series, label: String
  ) -> FrontierVariant {
    FrontierVariant(
      series: series, label: label, recipe: plan.recipe, recipeText: plan.text,
      expected: plan.divergence, types: plan.types)
  }

  private static func rounded(_ bits: Double) -> String {
    let hundredths = Int((bits * 100).rounded())
    return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
  }

  // MARK: Mixtures of precisions

  /// One expert of a layer, all its projections.
  private struct Expert: Hashable {
    let layer: Int
    let expert: Int
  }

  private var experts: [Expert] {
    Set(
      sensitivity.units.compactMap { unit in
        unit.expert.flatMap { expert in unit.layer.map { Expert(layer: $0, expert: expert) } }
      }
    ).sorted { ($0.layer, $0.expert) < ($1.layer, $1.expert) }
  }

  /// So many experts in few bits, the rest whole; `nil` for more than there are.
  private func mixture(
    _ series: Frontier.Point.Series, _ count: Int
  ) throws(QuantError) -> FrontierVariant? {
    let ordered = ordered(series)
    guard count <= ordered.count, !ordered.isEmpty else { return nil }
    let chosen = Set(ordered.prefix(count))
    let byLayer = Dictionary(grouping: chosen, by: \.layer)
    let rules = byLayer.sorted { $0.key < $1.key }.map { layer, experts in
      "blk.\(layer).experts[\(NumberList.text(of: experts.map(\.expert)))].* = \(grid.lowType)"
    }
    let head = ["# \(series.rawValue): \(count) experts in few bits", "preset = F16"]
    let lines = head + ["layout = per-expert"] + rules + [".* = keep"]
    let text = lines.joined(separator: "\n") + "\n"
    var recipe = try RecipeFile.recipe(text, file: "mixture")
    recipe.allowsMissingImportance = true
    recipe.allowsRequantizing = true
    return FrontierVariant(
      series: series, label: "\(count) experts", quantizedExperts: count, recipe: recipe,
      recipeText: text, expected: expected(chosen), types: try types(chosen))
  }

  private func expected(_ chosen: Set<Expert>) -> Double {
    // In a fixed order, so that the sum is the same to the last bit every time.
    let damages = damages
    return experts.reduce(0) { chosen.contains($1) ? $0 + (damages[$1] ?? 0) : $0 }
  }

  private func types(_ chosen: Set<Expert>) throws(QuantError) -> [TensorType] {
    try sensitivity.units.map { unit throws(QuantError) in
      if let layer = unit.layer, let expert = unit.expert,
        chosen.contains(Expert(layer: layer, expert: expert))
      {
        return Fallback.type(for: grid.lowType, rowWeights: try rowWeights(unit))
      }
      return try QuantError.wrapping { () throws(FileError) in
        try source.tensor(unit.tensor).type
      }
    }
  }

  private func rowWeights(_ unit: Sensitivity.Unit) throws(QuantError) -> Int {
    try QuantError.wrapping { () throws(FileError) in try source.tensor(unit.tensor).rowWeights }
  }

  /// What each expert adds to the divergence in few bits.
  private var damages: [Expert: Double] {
    sum { unit in
      guard let type = sensitivity.types.firstIndex(of: grid.lowType.name) else { return nil }
      return unit.divergences[type]
    }
  }

  private func sum(_ value: (Sensitivity.Unit) -> Double?) -> [Expert: Double] {
    var sums: [Expert: Double] = [:]
    for unit in sensitivity.units {
      guard let layer = unit.layer, let expert = unit.expert else { continue }
      sums[Expert(layer: layer, expert: expert), default: 0] += value(unit) ?? 0
    }
    return sums
  }

  /// Experts in the order in which they get few bits.
  private func ordered(_ series: Frontier.Point.Series) -> [Expert] {
    switch series {
    case .router: sorted(by: sum { Double($0.tokens) })
    case .sensitivity: sorted(by: damages)
    default: shuffled()
    }
  }

  private func sorted(by figures: [Expert: Double]) -> [Expert] {
    experts.enumerated().sorted {
      (figures[$0.element] ?? 0, $0.offset) < (figures[$1.element] ?? 0, $1.offset)
    }.map(\.element)
  }

  private func shuffled() -> [Expert] {
    var generator = SeededGenerator(state: grid.seed)
    var order = experts
    // Fisher and Yates, written out: the library's own may change.
    for last in order.indices.dropFirst().reversed() {
      order.swapAt(last, Int(generator.next() % UInt64(last + 1)))
    }
    return order
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers for a seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
