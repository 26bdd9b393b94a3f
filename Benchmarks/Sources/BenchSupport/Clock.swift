// SPDX-License-Identifier: MIT
import ArgumentParser
import Foundation

/// What time is measured with.
package enum Clock: String, CaseIterable, Sendable, Codable, ExpressibleByArgument {
  /// The clock on the wall: what a user waits.
  case wall
  /// The time that the processor gave to this thread.
  ///
  /// The fair one where other programs take turns on the same core: a run of 100 ms loses turns to
  /// them, one of 1 ms often does not, so that by the wall the faster of two programs gains.
  case cpu

  /// Seconds since some moment.
  package var now: Double {
    var time = timespec()
    clock_gettime(self == .wall ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The seconds that `body` takes.
  package func seconds(_ body: () -> Void) -> Double {
    let start = now
    body()
    return now - start
  }
}
