// SPDX-License-Identifier: MIT
package import BlockFormats
internal import GGUF
internal import QuantModels
internal import QuantPlanning

/// Parts of a model that must have one type, and what each type would cost them.
package struct AllocationGroup: Sendable {
  /// One type that the group can have.
  package struct Option: Sendable, Hashable {
    /// The type.
    package let type: TensorType
    /// Bytes of all units.
    package let bytes: Int
    /// The divergence expected, in nats per token.
    package let damage: Double
    /// Whether units stay as they are in the source.
    package let isKept: Bool

    /// Makes an option.
    package init(type: TensorType, bytes: Int, damage: Double, isKept: Bool = false) {
      self.type = type
      self.bytes = bytes
      self.damage = damage
      self.isKept = isKept
    }
  }

  /// Numbers of its units in the sensitivity file.
  package let units: [Int]
  /// What it can have.
  package let options: [Option]
  /// Its weights.
  package let weights: Int

  /// Makes a group.
  ///
  /// - Precondition: There are options.
  package init(units: [Int], options: [Option], weights: Int) {
    precondition(!options.isEmpty, "a group without types")
    self.units = units
    self.options = options
    self.weights = weights
  }

  /// The options that are worth taking at some price of a byte, from the smallest to the largest: the
  /// lower convex hull of damage over bytes.
  ///
  /// - Complexity: O(*n* log *n*) in options.
  package var hull: [Option] {
    var hull: [Option] = []
    for option in options.sorted(by: { ($0.bytes, $0.damage) < ($1.bytes, $1.damage) }) {
      if let last = hull.last, option.damage >= last.damage { continue }
      while hull.count > 1,
        Self.slope(hull[hull.count - 2], option)
          >= Self.slope(hull[hull.count - 2], hull[hull.count - 1])
      { hull.removeLast() }
      if let last = hull.last, last.bytes == option.bytes { hull.removeLast() }
      hull.append(option)
    }
    return hull
  }

  /// What a byte more saves between two options.
  package static func slope(_ small: Option, _ large: Option) -> Double {
    (small.damage - large.damage) / Double(max(1, large.bytes - small.bytes))
  }
}

/// Makes groups out of measured units.
struct AllocationGroups {
  /// The groups, in the file's order.
  let groups: [AllocationGroup]

  /// Puts together what must have one type.
  ///
  /// - Parameters:
  ///   - sensitivity: The measurement.
  ///   - source: The model.
  ///   - rules: What is allowed.
  /// - Throws: `QuantError.setting` for a unit that is left without any type.
  init(
    _ sensitivity: Sensitivity, _ source: any ModelSource, _ rules: AllocationRules
  ) throws(QuantError) {
    var order: [String] = []
    var members: [String: [Int]] = [:]
    for (index, unit) in sensitivity.units.enumerated() {
      let key = rules.layout == .perExpert ? "\(unit.tensor)#\(unit.expert ?? -1)" : unit.mergedName
      if members[key] == nil { order.append(key) }
      members[key, default: []].append(index)
    }
    let types = sensitivity.types.map { TensorType(name: $0) ?? .F32 }
    let cautious = Self.cautious(sensitivity.units)
    groups = try order.map { key throws(QuantError) in
      let units = members[key] ?? []
      return try Self.group(units, cautious, types, source, rules)
    }
  }

  /// How much of an expert's figures is the mean of its layer's. Another text than the one for
  /// calibration uses experts differently: a plan that trusts each figure wins on texts of its kind
  /// and loses on others (Docs/Experts.md).
  private static let layerShare = 0.5

  /// The units with figures drawn towards those of their layer's experts; sums stay as they are.
  private static func cautious(_ units: [Sensitivity.Unit]) -> [Sensitivity.Unit] {
    var result = units
    let experts = units.indices.filter { units[$0].expert != nil }
    for (_, members) in Dictionary(grouping: experts, by: { units[$0].mergedName }) {
      for type in units[members[0]].divergences.indices {
        let known = members.filter { units[$0].divergences[type] != nil }
        let sum = known.reduce(0) { $0 + (units[$1].divergences[type] ?? 0) }
        let mean = sum / Double(max(1, known.count))
        for index in known {
          let own = units[index].divergences[type] ?? 0
          result[index].divergences[type] = (1 - layerShare) * own + layerShare * mean
        }
      }
    }
    return result
  }

  private static func group(
    _ units: [Int], _ all: [Sensitivity.Unit], _ types: [TensorType], _ source: any ModelSource,
    _ rules: AllocationRules
  ) throws(QuantError) -> AllocationGroup {
    let members = units.map { all[$0] }
    var options: [AllocationGroup.Option] = []
    for (index, type) in types.enumerated()
    where members.allSatisfy({ rules.allows(type, for: $0) }) {
      var (bytes, damage) = (0, 0.0)
      for member in members {
        guard let own = member.bytes[index], let harm = member.divergences[index] else { break }
        bytes += own
        damage += harm * rules.remaining(type, of: member)
      }
      guard members.allSatisfy({ $0.bytes[index] != nil && $0.divergences[index] != nil }) else {
        continue
      }
      options.append(.init(type: type, bytes: bytes, damage: damage))
    }
    if let kept = try kept(members, source, rules) {
      // Weights of this type would be copied, whatever was measured of encoding them anew.
      options.removeAll { $0.type == kept.type }
      options.append(kept)
    }
    guard !options.isEmpty else {
      throw .setting(
        .types, what: "\(members.first?.tensor ?? ""): none of the types allowed can be used for it"
      )
    }
    return AllocationGroup(
      units: units, options: options, weights: members.reduce(0) { $0 + $1.weights })
  }

  /// The source's own type, which harms nothing; `nil` where it is not allowed, or experts differ.
  private static func kept(
    _ members: [Sensitivity.Unit], _ source: any ModelSource, _ rules: AllocationRules
  ) throws(QuantError) -> AllocationGroup.Option? {
    var (bytes, types) = (0, Set<TensorType>())
    for member in members {
      let tensor = try QuantError.wrapping { () throws(FileError) in
        try source.tensor(member.tensor)
      }
      let share = tensor.weightCount / max(1, member.weights)
      bytes += (tensor.byteCount ?? 0) / max(1, share)
      types.insert(tensor.type)
    }
    guard let type = types.first, types.count == 1,
      members.allSatisfy({ rules.allows(type, for: $0, isKept: true) })
    else { return nil }
    return .init(type: type, bytes: bytes, damage: 0, isKept: true)
  }
}

extension Sensitivity.Unit {
  /// The tensor that the unit is in when all experts of a layer share one.
  var mergedName: String { ExpertTensorName(tensor)?.merged ?? tensor }
}
