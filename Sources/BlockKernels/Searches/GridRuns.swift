// SPDX-License-Identifier: MIT

/// The entries of a codebook, sorted into runs that share their first half.
struct GridRuns {
  /// Entries with the same first half.
  struct Run {
    /// The first half's number.
    let half: Int
    /// The entries' numbers in the codebook.
    let members: [Int]
  }

  /// The runs, the shortest first: the CPU then foresees where each ends.
  let runs: [Run]
  /// The number of each entry's second half.
  let seconds: [Int]

  /// Sorts entries.
  ///
  /// The number of a half has its values' levels as digits, the first highest.
  init<Group: SIMD<Float>>(_ entries: [Group], levels: [Float]) {
    let half = Group.scalarCount / 2
    func number(_ entry: Group, from first: Int) -> Int {
      (first..<first + half).reduce(0) { number, lane in
        number * levels.count + (levels.firstIndex(of: entry[lane]) ?? 0)
      }
    }
    runs = Dictionary(grouping: entries.indices) { number(entries[$0], from: 0) }
      .map { Run(half: $0.key, members: $0.value) }
      .sorted { ($0.members.count, $0.half) < ($1.members.count, $1.half) }
    seconds = entries.map { number($0, from: half) }
  }
}
