// SPDX-License-Identifier: MIT

/// The name that was probably meant by one that does not exist.
public enum NearName {
  /// Finds the nearest of the names.
  ///
  /// Case, hyphens, underscores and points make no difference, and `fp16` is `F16`. Then come names that
  /// begin with the text, or hold it, and then the one with the fewest letters that differ: at most one in
  /// three.
  ///
  /// - Parameters:
  ///   - text: What was written.
  ///   - names: The names that exist; of equals the first wins.
  /// - Returns: One of the names; `nil` if none is near.
  /// - Complexity: O(*n* · *m*) in the letters of the text and of all names.
  public static func of(_ text: String, among names: [String]) -> String? {
    let wanted = key(text)
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    let keys = names.map { ($0, key($0)) }
    if let same = keys.first(where: { $0.1 == wanted }) { return same.0 }
    if wanted.count > 1 {
      let longer = keys.filter { $0.1.starts(with: wanted) }
      if let next = longer.min(by: { $0.1.count < $1.1.count }) { return next.0 }
    }
    if wanted.count > 3, let whole = keys.first(where: { holds($0.1, wanted) }) { return whole.0 }
    let near = keys.map { ($0.0, edits(wanted, $0.1)) }.min { $0.1 < $1.1 }
    guard let near, near.1 <= max(1, wanted.count / 3), near.1 < wanted.count - 1 else {
      return nil
    }
    return near.0
  }

  /// The name that has most in common with one that does not exist, however little that is: as `of`, or
  /// the one with the fewest letters that differ.
  public static func nearest(_ text: String, among names: [String]) -> String? {
    let wanted = Array(key(text).prefix(64))
    return of(text, among: names) ?? names.min { edits(wanted, key($0)) < edits(wanted, key($1)) }
  }

  /// A question to put into a message: ` (did you mean F16?)`, or nothing.
  public static func question(_ text: String, among names: [String]) -> String {
    of(text, among: names).map { " (did you mean \($0)?)" } ?? ""
  }

  private static func key(_ text: String) -> [Character] {
    let letters = text.lowercased().filter { $0.isLetter || $0.isNumber }
    guard letters.last?.isNumber == true else { return Array(letters) }
    for (long, short) in [("bfloat", "bf"), ("float", "f"), ("fp", "f")]
    where letters.hasPrefix(long) { return Array(short + letters.dropFirst(long.count)) }
    return Array(letters)
  }

  private static func holds(_ text: [Character], _ part: [Character]) -> Bool {
    text.count > part.count
      && (0...text.count - part.count).contains { text[$0..<$0 + part.count].elementsEqual(part) }
  }

  /// Letters to add, remove, change or swap with their neighbour.
  private static func edits(_ first: [Character], _ second: [Character]) -> Int {
    var (older, old) = ([Int](), Array(0...second.count))
    for (i, letter) in first.enumerated() {
      var new = [i + 1]
      for (j, other) in second.enumerated() {
        var least = min(new[j] + 1, old[j + 1] + 1, old[j] + (letter == other ? 0 : 1))
        if i > 0, j > 0, letter == second[j - 1], first[i - 1] == other {
          least = min(least, older[j - 1] + 1)
        }
        new.append(least)
      }
      (older, old) = (old, new)
    }
    return old[second.count]
  }
}
