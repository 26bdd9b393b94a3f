// SPDX-License-Identifier: MIT
import GGUF

/// Progress of a job whose size is known only when it begins.
final class LazyProgress: Sendable {
  private let label: String
  private let unit: Progress.Unit
  private let progress = Locked<Progress?>(nil)

  /// Shows nothing yet.
  init(_ label: String, unit: Progress.Unit) {
    self.label = label
    self.unit = unit
  }

  /// Begins the job.
  func begin(total: Int) {
    progress.withLock { $0 = Progress(label, total: total, unit: unit) }
  }

  /// Reports more work as done.
  @Sendable func advance(by count: Int) { progress.withLock { $0 }?.advance(by: count) }

  /// Erases the line.
  func finish() { progress.withLock { $0 }?.finish() }
}
