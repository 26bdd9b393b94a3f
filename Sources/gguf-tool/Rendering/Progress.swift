// SPDX-License-Identifier: MIT
import GGUF

/// How far a long job has come, on standard error: one bar over all its phases on a terminal, else a
/// line every half a minute.
///
/// Any thread may report. A thread of its own draws, so that a step that takes minutes does not look
/// like an end. The bar is erased when the value goes away or `finish` is called.
package final class Progress: Sendable {
  /// What the command line says.
  static let chosen = Locked(ProgressMode.auto)
  /// How progress is shown.
  package static var mode: ProgressMode { chosen.withLock { $0 } }

  private let board: ProgressBoard?

  /// Begins a job.
  ///
  /// - Parameters:
  ///   - label: What is being done, as a verb: `requantizing`.
  ///   - total: How much there is to do; `nil` if the first report tells.
  ///   - unit: What is counted.
  ///   - mode: How it is shown; by default as the command line says.
  ///   - interval: The time between lines where there is no bar.
  ///   - write: Takes such lines.
  package init(
    _ label: String, total: Int? = nil, unit: ProgressUnit = .bytes,
    mode: ProgressMode = Progress.mode,
    interval: Duration = .seconds(30),
    write: @escaping @Sendable (String) -> Void = { ErrorLines.write($0) }
  ) {
    let isBar = mode == .auto && Terminal.error.isInteractive
    let state = ProgressState(ProgressLine(label, total: total ?? 0, unit: unit))
    board = mode == .none ? nil : ProgressBoard(state, isBar, interval, write)
    board?.start()
  }

  deinit { finish() }

  /// Begins a phase of the job; the one before it is done.
  ///
  /// - Parameters:
  ///   - label: What is being done now, if not the same.
  ///   - count: How much of it there is, as `advance` and `update` count it.
  ///   - share: How much of the whole job that is; by default as much.
  ///   - whole: The whole job, if that is known only now.
  package func begin(
    _ label: String? = nil, of count: Int, share: Int? = nil, whole: Int? = nil
  ) {
    board?.change { $0.begin(label, of: count, share: share ?? count, whole: whole) }
  }

  /// Reports more work as done.
  @Sendable package func advance(by count: Int) { board?.change { $0.done += count } }

  /// Reports how much of the phase is done in all.
  ///
  /// - Parameters:
  ///   - done: How much.
  ///   - count: Of how much, if that differs from what was said before.
  ///   - earlier: How much of it an earlier run did; it does not count towards the rate.
  package func update(to done: Int, of count: Int? = nil, earlier: Int = 0) {
    board?.change {
      $0.done = done
      $0.earlier = earlier
      if let count { $0.resize(to: count) }
    }
  }

  /// Erases the bar, and writes no more lines.
  package func finish() { board?.finish() }
}

/// What is known of a job.
private struct ProgressState {
  var line: ProgressLine
  /// Of the present phase, in its own units.
  var done = 0
  var count: Int
  var earlier = 0
  /// Of the whole job: where the phase begins, and how much of it the phase is.
  private var start = 0.0
  private var share: Double?
  /// How much of the phases before took no time of this run.
  private var skipped = 0.0
  var rate = ProgressRate()

  init(_ line: ProgressLine) {
    self.line = line
    count = line.total
  }

  mutating func begin(_ label: String?, of count: Int, share: Int, whole: Int?) {
    let timed = timed
    start += self.share ?? 0
    line.label = label ?? line.label
    if let whole { line.total = whole }
    if line.total == 0 { line.total = share }
    (self.count, self.share, done, earlier) = (count, Double(share), 0, 0)
    // What the phase before did not need is no work of this run.
    skipped = start - timed
  }

  /// Learns how much of the phase there is; a job that is not told its phases is one.
  mutating func resize(to count: Int) {
    self.count = count
    if share == nil { line.total = count }
  }

  /// How much of the whole job is done.
  private var wholeDone: Double { start + part(done) }

  /// How much of it took time of this run.
  var timed: Double { wholeDone - skipped - part(earlier) }

  private func part(_ number: Int) -> Double {
    (share ?? Double(line.total)) * min(1, Double(number) / Double(max(1, count)))
  }

  func text(at seconds: Double) -> String {
    guard case .step = line.unit else {
      return line.text(
        done: Int(wholeDone), rate: rate.perSecond, seconds: seconds - rate.seconds)
    }
    return ProgressLine(line.label, total: count, unit: .step).text(done: done, rate: 0)
  }
}

/// Where reports meet the thread that draws.
private final class ProgressBoard: Sendable {
  private let isBar: Bool
  private let interval: Double
  private let write: @Sendable (String) -> Void
  private let begun = ContinuousClock.now
  private let state: Locked<(job: ProgressState, next: Double, isFinished: Bool)>

  /// Between two looks at whether there is something to draw, in seconds.
  private static let nap = 0.1

  init(
    _ job: ProgressState, _ isBar: Bool, _ interval: Duration,
    _ write: @escaping @Sendable (String) -> Void
  ) {
    self.isBar = isBar
    self.interval = isBar ? 2 * Self.nap : interval / .seconds(1)
    self.write = write
    state = Locked((job: job, next: self.interval, isFinished: false))
  }

  private var seconds: Double { (ContinuousClock.now - begun) / .seconds(1) }

  func start() {
    BackgroundThread.start { [self] in
      while draw() { BackgroundThread.sleep(seconds: min(Self.nap, interval)) }
    }
  }

  func change(_ change: (inout ProgressState) -> Void) {
    let now = seconds
    state.withLock { state in
      let before = state.job.timed
      change(&state.job)
      state.job.rate.add(state.job.timed - before, at: now)
    }
  }

  /// Draws if it is time to; returns whether to go on.
  private func draw() -> Bool {
    let now = seconds
    return state.withLock { state in
      guard !state.isFinished else { return false }
      guard now >= state.next else { return true }
      state.next = now + interval
      let text = state.job.text(at: now)
      if isBar {
        ErrorLines.showBar(Text.shortened(text, to: Terminal.error.width - 1))
      } else {
        write(text)
      }
      return true
    }
  }

  func finish() {
    state.withLock { $0.isFinished = true }
    if isBar { ErrorLines.showBar(nil) }
  }
}
