// SPDX-License-Identifier: MIT

/// The lines in which two texts differ, in the form that `diff -u` prints.
package enum UnifiedDiff {
  private static let context = 3
  /// Lines beyond which the search takes too long for what it is worth: a second for so many that all
  /// differ, and four times as long for twice as many.
  private static let mostLines = 5_000

  /// Bytes, as texts that only look alike are not the same.
  private typealias Bytes = ArraySlice<UInt8>

  private enum Line {
    case both(Bytes), old(Bytes), new(Bytes)

    var text: String {
      switch self {
      case .both(let bytes): " " + String(decoding: bytes, as: UTF8.self)
      case .old(let bytes): "-" + String(decoding: bytes, as: UTF8.self)
      case .new(let bytes): "+" + String(decoding: bytes, as: UTF8.self)
      }
    }

    var isChange: Bool { if case .both = self { false } else { true } }
  }

  /// The differences in hunks, without file names.
  ///
  /// - Returns: Lines; `nil` for texts of too many lines.
  /// - Complexity: O(*n* · *d*) in lines and differences.
  package static func lines(from old: String, to new: String) -> [String]? {
    let (old, new) = (split(old), split(new))
    guard old.count + new.count <= mostLines else { return nil }
    let lines = merged(old, new)
    return hunks(lines).flatMap { [header(lines, $0)] + lines[$0].map(\.text) }
  }

  private static func split(_ text: String) -> [Bytes] {
    let bytes = Array(text.utf8)
    return bytes.isEmpty
      ? [] : bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  }

  /// All lines of both in one order.
  private static func merged(_ old: [Bytes], _ new: [Bytes]) -> [Line] {
    let difference = new.difference(from: old)
    let removed = Set(difference.removals.map(offset))
    let inserted = Set(difference.insertions.map(offset))
    var lines: [Line] = []
    var (first, second) = (0, 0)
    while first < old.count || second < new.count {
      if removed.contains(first) {
        lines.append(.old(old[first]))
        first += 1
      } else if inserted.contains(second) {
        lines.append(.new(new[second]))
        second += 1
      } else {
        lines.append(.both(old[first]))
        first += 1
        second += 1
      }
    }
    return lines
  }

  private static func offset(_ change: CollectionDifference<Bytes>.Change) -> Int {
    switch change {
    case .insert(let offset, _, _), .remove(let offset, _, _): offset
    }
  }

  /// Runs of lines around changes; those whose surroundings touch are one.
  private static func hunks(_ lines: [Line]) -> [Range<Int>] {
    var hunks: [Range<Int>] = []
    for place in lines.indices where lines[place].isChange {
      let range = max(0, place - context)..<min(lines.count, place + context + 1)
      if let last = hunks.last, range.lowerBound <= last.upperBound {
        hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
      } else {
        hunks.append(range)
      }
    }
    return hunks
  }

  private static func header(_ lines: [Line], _ hunk: Range<Int>) -> String {
    let (before, within) = (counts(lines[..<hunk.lowerBound]), counts(lines[hunk]))
    return "@@ -\(place(before.old, within.old)) +\(place(before.new, within.new)) @@"
  }

  private static func counts(_ lines: ArraySlice<Line>) -> (old: Int, new: Int) {
    lines.reduce(into: (0, 0)) { counts, line in
      if case .new = line {} else { counts.0 += 1 }
      if case .old = line {} else { counts.1 += 1 }
    }
  }

  /// Where a hunk begins, from 1, and how long it is; one without lines stands after the line before.
  private static func place(_ before: Int, _ count: Int) -> String {
    "\(count == 0 ? before : before + 1),\(count)"
  }
}
