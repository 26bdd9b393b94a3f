// SPDX-License-Identifier: MIT

/// A codebook as error feedback searches it.
///
/// An entry is cut into two halves, and each of those into two quarters: pairs of weights of three
/// levels, or single ones of eight. Entries that share their first half make a run.
public struct FeedbackGrid: @unchecked Sendable {
  /// Weights whose values are chosen together: an entry's, or those of two where signs tie them.
  public let group: Int
  /// What signs there are.
  @usableFromInline let signs: GridSigns
  /// How often entries are searched in a sweep, and in a descent.
  @usableFromInline var sweepAttempts = 3
  @usableFromInline var descentAttempts = 2
  /// Weights of an entry.
  @usableFromInline let entryWeights: Int
  /// The levels that values have, rising.
  @usableFromInline let levels: UnsafePointer<Float>
  /// How many levels there are.
  @usableFromInline let levelCount: Int
  /// How many runs there are.
  @usableFromInline let runCount: Int
  /// For each run the number of its first half, and of that half's quarters.
  @usableFromInline let firsts: UnsafePointer<UInt16>
  @usableFromInline let heads: UnsafePointer<UInt16>
  @usableFromInline let tails: UnsafePointer<UInt16>
  /// For each run, where it begins among all entries; after the last, where that ends.
  @usableFromInline let starts: UnsafePointer<UInt16>
  /// For each entry the number of its second half.
  @usableFromInline let seconds: UnsafePointer<UInt16>
  /// The values of each entry.
  @usableFromInline let values: UnsafePointer<Float>
  /// How many halves there could be.
  @usableFromInline let halfCount: Int
  /// The values of each half: those of the first weight, by the half's number, then those of the next. Side by
  /// side, the compiler would load them as one vector, and take apart all that they are multiplied with.
  @usableFromInline let halves: UnsafePointer<Float>
  /// The number in the codebook of the entry with each two halves.
  private let numbers: UnsafePointer<UInt16>

  /// Lays out the groups of eight or four that a format chooses from.
  ///
  /// - Parameters:
  ///   - entries: The values of each entry.
  ///   - levels: Every value that occurs, rising.
  ///   - factor: What a value is multiplied by beside the scale.
  ///   - signs: What signs there are.
  init<Group: SIMD<Float>>(
    _ entries: [Group], levels: [Float], factor: Float, signs: GridSigns
  ) {
    let order = GridRuns(entries, levels: levels)
    let numbers = order.runs.flatMap(\.members)
    let quarters = Group.scalarCount == 8 ? levels.count * levels.count : levels.count
    let levels = levels.map { $0 * factor }
    entryWeights = Group.scalarCount
    group = signs == .even ? 8 : entryWeights
    self.signs = signs
    self.levels = lasting(levels)
    levelCount = levels.count
    runCount = order.runs.count
    firsts = lasting(order.runs.map { UInt16($0.half) })
    heads = lasting(order.runs.map { UInt16($0.half / quarters) })
    tails = lasting(order.runs.map { UInt16($0.half % quarters) })
    starts = lasting(
      order.runs.reduce(into: [0]) { $0.append($0[$0.count - 1] + UInt16($1.members.count)) })
    seconds = lasting(numbers.map { UInt16(order.seconds[$0]) })
    values = lasting(
      numbers.flatMap { number in
        entries[number].indices.map { entries[number][$0] * factor }
      })
    halfCount = quarters * quarters
    halves = lasting(Self.halves(of: Group.scalarCount / 2, levels))
    var table = [UInt16](repeating: 0, count: halfCount * halfCount)
    for run in order.runs {
      for number in run.members {
        table[run.half * halfCount + order.seconds[number]] = UInt16(number)
      }
    }
    self.numbers = lasting(table)
  }

  /// The number of the entry whose values lie `stride` floats apart, signs and shifts aside.
  func number(of values: UnsafePointer<Float>, stride: Int) -> UInt16 {
    var place = 0
    for index in 0..<entryWeights {
      let value = values[index * stride]
      let level = signs.isShifted ? value.rounded() : value.magnitude
      let digit = (1..<levelCount).count { 2 * level > levels[$0 - 1] + levels[$0] }
      place = place * levelCount + digit
    }
    return numbers[place]
  }

  /// All choices of so many levels, the first weight's level changing slowest: weight by weight.
  private static func halves(of weights: Int, _ levels: [Float]) -> [Float] {
    var choices: [[Float]] = [[]]
    for _ in 0..<weights { choices = choices.flatMap { head in levels.map { head + [$0] } } }
    return (0..<weights).flatMap { weight in choices.map { $0[weight] } }
  }

  /// How many different quarters there are.
  @inlinable @inline(always)
  var quarters: Int { entryWeights == 8 ? levelCount * levelCount : levelCount }
}
