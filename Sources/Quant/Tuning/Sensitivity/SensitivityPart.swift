// SPDX-License-Identifier: MIT
public import QuantEvaluation
public import QuantModels

/// Sums over the tokens of some windows: all that measuring finds, from which divergences are estimated
/// once the sums of all windows are together.
struct SensitivitySums: Codable {
  /// Those of one unit of the model.
  struct Unit: Codable {
    /// Tokens that went through it.
    var tokens = 0
    /// For each type: the squares of what changes in the output of its part of the layer.
    var errors: [ExactSum?]
    /// For each type: the divergence of predictions, for the output matrix alone.
    var divergences: [ExactSum?]
    /// The type tried in the whole model.
    var probe: Probe?

    init(types: Int) {
      errors = Array(repeating: nil, count: types)
      divergences = errors
    }
  }

  /// Those of a probe.
  struct Probe: Codable {
    /// The type, by its place in the list.
    let type: Int
    var error: ExactSum
    var divergence: ExactSum
    let isShared: Bool
  }

  /// The units of the model in order.
  var units: [Unit]

  /// Whether they are of so many units and types.
  func fit(units count: Int, types: Int) -> Bool {
    units.count == count
      && units.allSatisfy { unit in
        unit.errors.count == types && unit.divergences.count == types
          && (0...1 << 40).contains(unit.tokens)
          && unit.probe.map { (0..<types).contains($0.type) } ?? true
      }
  }

  /// Adds what other windows gave; they must fit the same units and types.
  mutating func add(_ other: SensitivitySums) {
    for (index, more) in other.units.enumerated() {
      units[index].tokens += more.tokens
      units[index].errors = Self.sums(units[index].errors, more.errors)
      units[index].divergences = Self.sums(units[index].divergences, more.divergences)
      guard let probe = more.probe else { continue }
      if units[index].probe == nil {
        units[index].probe = probe
      } else {
        units[index].probe?.error.add(probe.error)
        units[index].probe?.divergence.add(probe.divergence)
      }
    }
  }

  private static func sums(_ a: [ExactSum?], _ b: [ExactSum?]) -> [ExactSum?] {
    zip(a, b).map { a, b in
      guard var sum = a, let b else { return a ?? b }
      sum.add(b)
      return sum
    }
  }
}

/// What `sensitivity` measured over some windows of a text.
public struct SensitivityPart: Codable {
  /// The units of the model, without measurements.
  private let plain: Sensitivity
  /// How much text there is in all.
  private let counts: WindowCounts
  /// The windows that were run.
  private let first: Int
  private let end: Int
  private var sums: SensitivitySums

  init(
    _ plain: Sensitivity, counts: WindowCounts, range: Range<Int>, sums: SensitivitySums
  ) {
    self.plain = plain
    self.counts = counts
    first = range.lowerBound
    end = range.upperBound
    self.sums = sums
  }

  /// Windows that were run.
  public var windowCount: Int { end - first }
  /// Windows of the whole text.
  public var allWindows: Int { counts.windows }
  /// The texts.
  public var corpora: [String] { plain.corpora }

  /// What follows of the sums of the whole text.
  public var sensitivity: Sensitivity {
    var found = plain
    let counted = Double(plain.probeWindows * counts.counted)
    let probed = Double(plain.probeWindows * counts.length)
    for (index, sums) in sums.units.enumerated() {
      found.units[index].tokens = sums.tokens
      found.units[index].errors = sums.errors.map { $0.map { $0.value / Double(counts.tokens) } }
      // Rounding may leave a divergence below zero.
      found.units[index].divergences = sums.divergences.map { sum in
        sum.map { max(0, $0.value / counted) }
      }
      found.units[index].probe = sums.probe.map { probe in
        Sensitivity.Probe(
          type: plain.types[probe.type], error: probe.error.value / probed,
          divergence: probe.divergence.value / counted, isShared: probe.isShared)
      }
    }
    found.estimate()
    return found
  }

  /// Writes it as a part of a job.
  ///
  /// Throws `QuantError.file` if it cannot be written.
  public func write(_ part: JobPart, of job: PartJob, to path: String) throws(QuantError) {
    try PartFile.write(to: path, part, of: job, self)
  }

  /// Puts parts together.
  ///
  /// - Parameter parts: The parts, of this kind.
  /// - Throws: `QuantError` for a part that does not hold together.
  public init(merging parts: PartSet) throws(QuantError) {
    var whole: SensitivityPart?
    for file in parts.files {
      let part = try file.result(SensitivityPart.self)
      guard file.job.kind == .sensitivity, part.isSound(file.part) else { throw file.broken }
      guard let earlier = whole else {
        whole = part
        continue
      }
      guard part.sums.fit(units: earlier.plain.units.count, types: earlier.plain.types.count) else {
        throw file.broken
      }
      whole?.sums.add(part.sums)
    }
    guard let whole else { throw .unsupported("there are no partial results") }
    self = whole
  }

  private func isSound(_ part: JobPart) -> Bool {
    counts.isSound && plain.windows == counts.windows && plain.windowLength == counts.length
      && first..<max(first, end) == part.range(of: counts.windows)
      && (1...max(1, counts.windows)).contains(plain.probeWindows)
      && sums.fit(units: plain.units.count, types: plain.types.count)
      && plain.units.allSatisfy { unit in
        unit.bytes.count == plain.types.count && unit.divergences.count == plain.types.count
      }
  }
}
