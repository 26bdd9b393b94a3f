// SPDX-License-Identifier: MIT

/// What is on the disk for the sake of running jobs: files that go when their job ends early, and those
/// that the next run continues from.
///
/// Writers enter what they make. A program that is told to stop calls `clear(finally:)`.
package enum UnfinishedFiles {
  /// What a job leaves for the next run.
  package enum Kept: Hashable, Sendable {
    /// An output under its temporary name, with its journal.
    case output(String)
    /// The state of a measurement.
    case state(String)

    /// The output's name, or the state's.
    package var path: String {
      switch self {
      case .output(let path), .state(let path): path
      }
    }
  }

  private struct Entries {
    var temporaries: Set<String> = []
    var kept: [Kept] = []

    /// What was kept already: a state may not be written yet.
    var remaining: [Kept] {
      kept.filter { kept in
        if case .state(let path) = kept { Disk.exists(path) } else { true }
      }
    }
  }

  private static let entries = Locked(Entries())

  /// What the next run can go on with, if this one ends now.
  package static var kept: [Kept] { entries.withLock(\.remaining) }

  /// Enters a file that is to be removed.
  package static func add(temporary path: String) {
    entries.withLock { _ = $0.temporaries.insert(path) }
  }

  /// Makes a file that is to be removed, and enters it if `make` returns a value. Nothing can come
  /// between: a file made just before the program is stopped is removed, too.
  static func adding<R: Sendable>(
    temporary path: String, _ make: () throws(FileError) -> R?
  ) throws(FileError) -> R? {
    var failure: FileError?
    let made = entries.withLock { entries -> R? in
      do throws(FileError) {
        guard let made = try make() else { return nil }
        entries.temporaries.insert(path)
        return made
      } catch {
        failure = error
        return nil
      }
    }
    if let failure { throw failure }
    return made
  }

  /// Forgets a file: it is removed, or has its own name.
  package static func remove(temporary path: String) {
    entries.withLock { _ = $0.temporaries.remove(path) }
  }

  /// Notes what the next run can go on with.
  package static func keep(_ kept: Kept) {
    entries.withLock { if !$0.kept.contains(kept) { $0.kept.append(kept) } }
  }

  /// Forgets what no run needs any more.
  package static func release(_ kept: Kept) {
    entries.withLock { $0.kept.removeAll { $0 == kept } }
  }

  /// Removes all files that are to go, and ends the program.
  ///
  /// Nothing can be entered from then on: threads that try wait for the end.
  ///
  /// - Parameter end: Ends the program; takes what the next run can go on with.
  package static func clear(finally end: ([Kept]) -> Never) -> Never {
    entries.withLock { entries in
      for path in entries.temporaries { POSIX.remove(path) }
      end(entries.remaining)
    }
  }
}
