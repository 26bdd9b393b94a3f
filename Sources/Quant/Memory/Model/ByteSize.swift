// SPDX-License-Identifier: MIT

/// Sizes as people write them.
public enum ByteSize {
  private static let units: [(name: String, bytes: Int)] = [
    ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40),
    ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
  ]

  /// Reads `16GiB` (powers of 1024), `16GB` or `16G` (powers of 1000), `1.5GiB` or plain bytes.
  ///
  /// - Returns: Bytes, rounded to whole ones; `nil` for anything else, negative sizes, and sizes from
  ///   2⁵⁰ bytes on, which no machine has.
  public static func bytes(_ text: String) -> Int? {
    let upper = text.uppercased()
    let unit = units.first { upper.hasSuffix($0.name) }
    let digits = upper.dropLast(unit?.name.count ?? 0).trimmed
    // Double takes "inf", "nan" and hexadecimal, too: only plain decimals are sizes.
    guard !digits.isEmpty, digits.allSatisfy({ "0123456789.".contains($0) }),
      let number = Double(String(digits))
    else { return nil }
    let bytes = (number * Double(unit?.bytes ?? 1)).rounded()
    return bytes < 0x1p50 ? Int(bytes) : nil
  }
}

extension StringProtocol {
  /// The text without white space at its ends.
  var trimmed: SubSequence {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return self[startIndex..<startIndex] }
    return self[first...last]
  }
}
