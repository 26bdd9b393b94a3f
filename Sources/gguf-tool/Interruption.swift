// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What the tool does when it is told to stop, or when a file is taken away from under it: temporary
/// files go, and what the next run continues from is named.
enum Interruption {
  /// Signals that ask a program to stop, and leave it time to tidy up.
  private static let requests = [SIGINT, SIGTERM, SIGHUP]
  /// Where the handler writes the number of a signal; the system's functions that allocate or lock are
  /// not for handlers, so that a thread does the rest.
  private static let pipeEnd = Atomic<Int32>(-1)

  /// Begins to watch.
  static func watch() {
    // Beyond a limit on the size of files (`ulimit -f`), a write shall fail as on a full disk.
    _ = signal(SIGXFSZ, SIG_IGN)
    LostBytes.watch(endingBy: endWithout)
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return }
    pipeEnd.store(ends[1], ordering: .relaxed)
    BackgroundThread.start { [end = ends[0]] in wait(at: end) }
    for number in requests where !isIgnored(number) {
      _ = signal(number) { number in
        let before = errno
        var byte = UInt8(truncatingIfNeeded: number)
        _ = unsafe write(Interruption.pipeEnd.load(ordering: .relaxed), &byte, 1)
        errno = before
      }
    }
  }

  private static func wait(at pipeEnd: Int32) {
    var byte: UInt8 = 0
    while unsafe read(pipeEnd, &byte, 1) != 1 {}
    // From here on a second signal ends the tool at once.
    for number in requests where !isIgnored(number) { _ = signal(number, SIG_DFL) }
    end(by: Int32(byte))
  }

  /// Says what the next run can go on with.
  ///
  /// After an error in the content of the inputs it would come to the same end, and with other inputs it
  /// could not go on: what was kept is removed then.
  static func tellWhatStays(
    _ kept: [UnfinishedFiles.Kept] = UnfinishedFiles.kept, after error: (any Error)? = nil
  ) {
    for kept in kept {
      switch error as? QuantError {
      case .tensor, .content: discard(kept)
      default: ErrorLines.write(sentence(kept))
      }
    }
  }

  /// Removes a state; the executor of a plan removes its output itself.
  private static func discard(_ kept: UnfinishedFiles.Kept) {
    if case .state(let path) = kept { Disk.remove(path) }
  }

  private static func sentence(_ kept: UnfinishedFiles.Kept) -> String {
    switch kept {
    case .output(let path):
      "kept the unfinished \(path): the same command continues it, --restart discards it"
    case .state(let path):
      "kept \(path): the same command continues from it"
    }
  }

  /// Ends as the signal would have ended the tool, so that shells and schedulers see it.
  private static func end(by number: Int32) -> Never {
    UnfinishedFiles.clear { kept in
      ErrorLines.writeLast("interrupted")
      tellWhatStays(kept)
      _ = kill(getpid(), number)
      // The signal goes to any thread; this one needs not to see it.
      while true { _ = pause() }
    }
  }

  /// Ends after a mapped file became shorter, or could not be read.
  @Sendable private static func endWithout(_ path: String) -> Never {
    UnfinishedFiles.clear { kept in
      ErrorLines.writeLast(
        "Error: \(path): expected the bytes present when it was opened, found none: another"
          + " program truncated the file, or its disk cannot be read")
      tellWhatStays(kept)
      _exit(FailureCode.current)
    }
  }

  /// Whether whoever started the tool wants a signal to pass, as `nohup` does.
  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    _ = unsafe sigaction(number, nil, &action)
    #if canImport(Darwin)
      let handler = unsafe action.__sigaction_u.__sa_handler
    #elseif canImport(Musl)
      let handler = unsafe action.__sa_handler.sa_handler
    #else
      let handler = unsafe action.__sigaction_handler.sa_handler
    #endif
    return unsafe unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
