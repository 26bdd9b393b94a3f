// SPDX-License-Identifier: MIT

/// Repeated runs of jobs that take turns, so that what else the machine does meets all alike.
package enum Timing {
  private static let fewestRounds = 5
  private static let mostRounds = 10_000

  /// The median seconds of each of two jobs, measured with `clock` for about `seconds` by the wall;
  /// five rounds are made in any case.
  package static func medians(
    seconds: Double, clock: Clock, _ first: () -> Void, _ second: () -> Void
  ) -> (Double, Double) {
    var (firsts, others) = ([Double](), [Double]())
    rounds(seconds) { round in
      // Each is as often the one that finds the caches as the other left them.
      if round % 2 == 0 { firsts.append(clock.seconds(first)) }
      others.append(clock.seconds(second))
      if round % 2 == 1 { firsts.append(clock.seconds(first)) }
    }
    return (median(firsts), median(others))
  }

  /// The median seconds of a job.
  package static func median(seconds: Double, clock: Clock, _ job: () -> Void) -> Double {
    var times: [Double] = []
    rounds(seconds) { _ in times.append(clock.seconds(job)) }
    return median(times)
  }

  /// The middle of a list of numbers; the mean of the middle two where the count is even.
  package static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Runs rounds until the time is over.
  private static func rounds(_ seconds: Double, _ body: (Int) -> Void) {
    let end = Clock.wall.now + seconds
    var round = 0
    while round < fewestRounds || (Clock.wall.now < end && round < mostRounds) {
      body(round)
      round += 1
    }
  }
}
