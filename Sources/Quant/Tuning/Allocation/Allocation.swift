// SPDX-License-Identifier: MIT
package import BlockFormats

/// A type for every group of a model.
///
/// The multiple-choice knapsack by its convex hulls: steps from one option of a group to the next
/// larger one are taken in the order of what a byte saves, as long as they fit; then whatever still
/// fits and helps.
package struct Allocation: Sendable {
  /// The groups.
  package let groups: [AllocationGroup]
  /// The option of each group.
  package private(set) var choices: [AllocationGroup.Option]
  /// Bytes of all.
  package private(set) var bytes: Int
  /// Divergence expected of all: what units add is added up.
  package private(set) var damage: Double

  private init(_ groups: [AllocationGroup], _ choices: [AllocationGroup.Option]) {
    self.groups = groups
    self.choices = choices
    bytes = choices.reduce(0) { $0 + $1.bytes }
    damage = choices.reduce(0) { $0 + $1.damage }
  }

  /// The least damage in so many bytes; the smallest options, if even these do not fit.
  ///
  /// - Complexity: O(*n* log *n*) in options of all groups.
  package init(_ groups: [AllocationGroup], bytes budget: Int) {
    self.init(groups, groups.map { $0.hull[0] })
    for step in Self.steps(groups) where bytes + step.bytes <= budget {
      // A step counts only from the option before it: one that did not fit ends its group.
      if choices[step.group] == step.from { take(step.to, for: step.group) }
    }
    fill(budget)
    // Sums that were kept up step by step have gathered rounding.
    damage = choices.reduce(0) { $0 + $1.damage }
  }

  /// The fewest bytes with no more than so much damage; the largest options, if even these do more.
  ///
  /// - Complexity: O(*n* log *n*) in options of all groups.
  package init(_ groups: [AllocationGroup], damage limit: Double) {
    self.init(groups, groups.map { $0.hull[0] })
    for step in Self.steps(groups) where damage > limit {
      if choices[step.group] == step.from { take(step.to, for: step.group) }
    }
    trim(limit)
    damage = choices.reduce(0) { $0 + $1.damage }
  }

  /// One type for all groups; where a group cannot have it, the nearest larger one, else the largest.
  package init(_ groups: [AllocationGroup], uniform type: TensorType) {
    let bits = type.layout?.bitsPerWeight ?? 0
    self.init(
      groups,
      groups.map { group in
        if let exact = group.options.first(where: { $0.type == type }) { return exact }
        let larger = group.options.filter { ($0.type.layout?.bitsPerWeight ?? 0) >= bits }
        return larger.min { $0.bytes < $1.bytes } ?? group.options.max { $0.bytes < $1.bytes }
          ?? group.options[0]
      })
  }

  private struct Step {
    let group: Int
    let from: AllocationGroup.Option
    let to: AllocationGroup.Option
    var bytes: Int { to.bytes - from.bytes }
    var gain: Double { AllocationGroup.slope(from, to) }
  }

  /// All steps of all hulls, the best first.
  private static func steps(_ groups: [AllocationGroup]) -> [Step] {
    groups.enumerated().flatMap { index, group in
      let hull = group.hull
      return zip(hull, hull.dropFirst()).map { Step(group: index, from: $0, to: $1) }
    }.sorted { ($1.gain, $0.group) < ($0.gain, $1.group) }
  }

  private mutating func take(_ option: AllocationGroup.Option, for group: Int) {
    bytes += option.bytes - choices[group].bytes
    damage += option.damage - choices[group].damage
    choices[group] = option
  }

  /// Spends what is left: in each round every group in turn, from the most damaged on, takes the best
  /// option that still fits.
  private mutating func fill(_ budget: Int) {
    while true {
      let before = damage
      for group in groups.indices.sorted(by: { choices[$0].damage > choices[$1].damage }) {
        let room = budget - bytes + choices[group].bytes
        let fitting = groups[group].options.filter { $0.bytes <= room }
        guard let best = fitting.min(by: { $0.damage < $1.damage }),
          best.damage < choices[group].damage
        else { continue }
        take(best, for: group)
      }
      guard damage < before else { return }
    }
  }

  /// Gives back what the limit leaves: the largest savings first.
  private mutating func trim(_ limit: Double) {
    for group in groups.indices.sorted(by: { choices[$0].bytes > choices[$1].bytes }) {
      let room = limit - damage + choices[group].damage
      let fitting = groups[group].options.filter { $0.damage <= room }
      guard let best = fitting.min(by: { $0.bytes < $1.bytes }), best.bytes < choices[group].bytes
      else { continue }
      take(best, for: group)
    }
  }
}
