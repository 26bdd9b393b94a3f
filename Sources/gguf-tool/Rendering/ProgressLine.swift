// SPDX-License-Identifier: MIT

/// How a command shows how far it is.
package enum ProgressMode: String, CaseIterable, Sendable {
  case auto, plain, none
}

/// What is counted as a job goes on.
package enum ProgressUnit: Sendable {
  /// Bytes, with a rate.
  case bytes
  /// Things with a name, such as tokens, with a rate.
  case items(String)
  /// Work of different kinds, of which the share that is done is told.
  case share
  /// The work of one step, where nobody knows how many will follow: there is no time left to tell.
  case step
}

/// What is said of a job: `requantizing  12.30 GiB of 86.99 GiB (14 %)  215.30 MiB/s  6 min left`.
package struct ProgressLine: Sendable {
  /// What is being done, as a verb.
  var label: String
  /// What is counted.
  let unit: ProgressUnit
  /// How much there is to do.
  var total: Int

  /// Describes a job.
  package init(_ label: String, total: Int, unit: ProgressUnit) {
    self.label = label
    self.total = total
    self.unit = unit
  }

  /// The line.
  ///
  /// - Parameters:
  ///   - done: How much is done.
  ///   - rate: How much is done in a second; zero if that is not known.
  ///   - seconds: How long ago that was so.
  /// - Returns: The line, without a time left where that is not known or over.
  package func text(done: Int, rate: Double, seconds: Double = 0) -> String {
    // Nobody has said yet how much there is.
    guard total > 0 else { return label }
    var parts = [label]
    switch unit {
    case .bytes: parts += ["\(amounts(done)) (\(percent(done)))", Units.rate(rate)]
    case .items(let name):
      parts += ["\(amounts(done)) (\(percent(done)))", "\(Self.items(rate)) \(name)/s"]
    case .share, .step: parts.append(percent(done))
    }
    if let left = secondsLeft(done, rate, seconds) {
      parts.append("\(Units.duration(seconds: left)) left")
    }
    return parts.joined(separator: "  ")
  }

  private func secondsLeft(_ done: Int, _ rate: Double, _ seconds: Double) -> Double? {
    if case .step = unit { return nil }
    guard rate > 0, done < total else { return nil }
    let left = Double(total - done) / rate - seconds
    return left > 0 ? left : nil
  }

  private func percent(_ done: Int) -> String {
    Units.percent(min(1, Double(done) / Double(total)))
  }

  private func amounts(_ done: Int) -> String { "\(amount(done)) of \(amount(total))" }

  private func amount(_ count: Int) -> String {
    if case .bytes = unit { return Units.shortBytes(count) }
    return total < 10_000_000 ? Units.grouped(count) : Units.count(count)
  }

  private static func items(_ rate: Double) -> String {
    rate < 10_000 ? Units.significant(rate, 3) : Units.count(Int(min(rate, 1e18)))
  }
}

/// Work a second, of the last quarter of the time: steps differ in speed, and the time left should follow
/// the present speed without jumping at every report.
struct ProgressRate {
  private(set) var perSecond = 0.0
  /// When something was done last.
  private(set) var seconds = 0.0
  private var pending = 0.0
  private static let shortestTick = 0.1
  private static let leastMemory = 15.0

  /// Takes what was done up to a time into the mean.
  mutating func add(_ work: Double, at now: Double) {
    pending += work
    let elapsed = now - seconds
    guard elapsed >= Self.shortestTick, pending > 0 else { return }
    // The first seconds weigh fully, so that the mean is not pulled towards zero by its start.
    let share = max(elapsed / max(now, elapsed), min(1, elapsed / max(Self.leastMemory, now / 4)))
    perSecond += (pending / elapsed - perSecond) * share
    pending = 0
    seconds = now
  }
}
