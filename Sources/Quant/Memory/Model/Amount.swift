// SPDX-License-Identifier: MIT

/// Sizes and counts as people write them.
///
/// All options and files of the tool read them here.
public enum Amount {
  /// What is wrong with a size.
  public enum Fault: Error, Equatable, Sendable {
    /// It is none.
    case noSize
    /// It has no unit, and is too small to be bytes.
    case noUnit

    /// What was expected in its place.
    public var expectation: String {
      switch self {
      case .noSize: "a size such as 16GiB or 16G"
      case .noUnit: "a size with its unit, such as 24GiB (or 24B for bytes)"
      }
    }
  }

  private static let units: [(name: String, bytes: Int)] = [
    ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("TIB", 1 << 40),
    ("KI", 1 << 10), ("MI", 1 << 20), ("GI", 1 << 30), ("TI", 1 << 40),
    ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ("K", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000), ("B", 1),
  ]

  /// The least number without a unit that is taken for bytes: less is meant in some larger unit.
  private static let leastPlain = 1 << 20

  /// Reads `16GiB` or `16Gi` (powers of 1024), `16GB` or `16G` (powers of 1000), `1.5GiB`, `100B`, or
  /// plain bytes from 1048576 on; `0` needs no unit.
  ///
  /// - Returns: Bytes, rounded to whole ones, below 2⁵⁰, which no machine has.
  /// - Throws: `Fault` for anything else, negative sizes too.
  public static func bytes(_ text: String) throws(Fault) -> Int {
    let upper = text.uppercased()
    let unit = units.first { upper.hasSuffix($0.name) }
    guard let number = decimal(upper.dropLast(unit?.name.count ?? 0)) else { throw .noSize }
    let bytes = (number * Double(unit?.bytes ?? 1)).rounded()
    guard bytes < 0x1p50 else { throw .noSize }
    guard unit != nil || bytes == 0 || bytes >= Double(leastPlain) else { throw .noUnit }
    return Int(bytes)
  }

  /// Reads a number of tokens: `8192`, or `128k` and `1M` in powers of 1024, as context lengths are
  /// named.
  ///
  /// - Returns: The number; `nil` for anything else, parts of a token and 2⁴⁰ tokens or more too.
  public static func tokens(_ text: String) -> Int? {
    let unit = ["k": 1 << 10, "m": 1 << 20][text.suffix(1).lowercased()]
    guard let number = decimal(text.dropLast(unit == nil ? 0 : 1)) else { return nil }
    let tokens = number * Double(unit ?? 1)
    return tokens < 0x1p40 && tokens == tokens.rounded() ? Int(tokens) : nil
  }

  /// A plain decimal: `Double` takes "inf", "nan" and hexadecimal, too.
  private static func decimal(_ text: some StringProtocol) -> Double? {
    let digits = String(text.trimmed)
    guard !digits.isEmpty, digits.allSatisfy({ "0123456789.".contains($0) }) else { return nil }
    return Double(digits)
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
