// SPDX-License-Identifier: MIT
import GGUF

/// How far a long job has come: one line on standard error, if that is a terminal.
///
/// Any thread may report; the line is drawn at most ten times a second, and erased when the value
/// goes away or `finish` is called.
package final class Progress: Sendable {
  /// What is counted.
  package enum Unit: Sendable {
    /// Bytes, with a rate.
    case bytes
    /// Things with a name, such as tokens.
    case items(String)
  }

  private struct State {
    var done: Int
    /// How much of that took no time of this run.
    var earlier: Int
    var drawn: ContinuousClock.Instant
    var rate = ProgressRate()
  }

  private let label: String
  private let total: Int
  private let unit: Unit
  private let start = ContinuousClock.now
  private let isShown: Bool
  private let state: Locked<State>

  /// Begins a job.
  ///
  /// - Parameters:
  ///   - label: What is being done, as a verb: `requantizing`.
  ///   - total: How much there is to do.
  ///   - done: How much an earlier run did; it does not count towards the rate.
  ///   - unit: What is counted.
  ///   - isShown: Whether anything is drawn; by default, whether standard error is a terminal.
  package init(
    _ label: String, total: Int, done: Int = 0, unit: Unit = .bytes,
    isShown: Bool = Terminal.error.isInteractive
  ) {
    self.label = label
    self.total = total
    self.unit = unit
    self.isShown = isShown
    state = Locked(State(done: done, earlier: done, drawn: start))
  }

  deinit { finish() }

  /// Reports more work as done.
  package func advance(by count: Int) { report { $0.done += count } }

  /// Reports how much is done in all, and how much of it an earlier run did.
  package func update(to done: Int, earlier: Int? = nil) {
    report {
      $0.done = done
      $0.earlier = earlier ?? $0.earlier
    }
  }

  /// Erases the line.
  package func finish() {
    if isShown { Notes.showProgress(nil) }
  }

  private func report(_ change: (inout State) -> Void) {
    guard isShown else { return }
    let now = ContinuousClock.now
    let line = state.withLock { state -> String? in
      let before = state.done - state.earlier
      change(&state)
      state.rate.add(state.done - state.earlier - before)
      guard now - state.drawn >= .milliseconds(100) else { return nil }
      state.drawn = now
      state.rate.tick(seconds: (now - start) / .seconds(1))
      return self.line(done: state.done, rate: state.rate.perSecond)
    }
    if let line { Notes.showProgress(Text.shortened(line, to: Terminal.error.width - 1)) }
  }

  /// The line to be drawn: `requantizing  12.30 GiB of 86.99 GiB (14 %)  215.30 MiB/s  6 min left`.
  package func line(done: Int, rate: Double) -> String {
    var parts = [label, "\(amount(done)) of \(amount(total)) (\(percent(done)))"]
    if case .bytes = unit { parts.append(Units.rate(rate)) }
    if case .items(let name) = unit { parts.append("\(Self.items(rate)) \(name)/s") }
    if rate > 0 {
      parts.append("\(Units.duration(seconds: Double(max(0, total - done)) / rate)) left")
    }
    return parts.joined(separator: "  ")
  }

  private func percent(_ done: Int) -> String {
    Units.percent(total > 0 ? Double(done) / Double(total) : 1)
  }

  private func amount(_ count: Int) -> String {
    switch unit {
    case .bytes: Units.shortBytes(count)
    case .items: total < 10_000_000 ? Units.grouped(count) : Units.count(count)
    }
  }

  private static func items(_ rate: Double) -> String {
    rate < 10_000 ? Units.significant(rate, 3) : Units.count(Int(min(rate, 1e18)))
  }
}

/// Work a second, of the last half minute or so: tensors differ in speed, and the time left should
/// follow the present one without jumping at every report.
struct ProgressRate {
  private(set) var perSecond = 0.0
  private var pending = 0.0
  private var last = 0.0
  private static let memorySeconds = 15.0

  mutating func add(_ work: Int) { pending += Double(work) }

  /// Takes what was added since the last tick into the mean.
  mutating func tick(seconds: Double) {
    let elapsed = seconds - last
    guard elapsed > 0 else { return }
    // The first seconds weigh fully, so that the mean is not pulled towards zero by its start.
    let share = max(elapsed / max(seconds, elapsed), min(1, elapsed / Self.memorySeconds))
    perSecond += (pending / elapsed - perSecond) * share
    pending = 0
    last = seconds
  }
}
