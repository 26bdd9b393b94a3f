// SPDX-License-Identifier: MIT

/// Limits on what a file may claim, each far above what real files hold.
enum Limits {
  /// The format's own limit on a key.
  static let keyBytes = 65_535
  /// The longest string: real ones (whole tokenizers in JSON) take some 33 MB.
  static let stringBytes = 1 << 26
  /// Arrays in arrays: real files have none; deeper ones only cost stack.
  static let arrayDepth = 4
  /// GGML's limit on a tensor name, its closing zero included.
  static let tensorNameBytes = 64
  /// GGML's limit on dimensions.
  static let dimensions = 4
  /// The largest alignment accepted: beyond a page or two it only wastes space.
  static let alignment = 1 << 20
  /// What `general.alignment` must be, for errors.
  static let alignmentRule = "a power of two up to \(alignment) stored as uint32"
}

/// What keys and tensor names may hold: the same for the reader and the writer.
enum NamingRule {
  /// The rule that a key breaks, or `nil`.
  static func broken(byKey key: String) -> String? {
    guard (1...Limits.keyBytes).contains(key.utf8.count) else {
      return "1 to \(Limits.keyBytes) bytes"
    }
    return hasControls(key) ? "text without control characters" : nil
  }

  /// The rule that a tensor's name breaks, or `nil`: names are printed, and become file names.
  static func broken(byTensor name: String) -> String? {
    guard (1..<Limits.tensorNameBytes).contains(name.utf8.count) else {
      return "1 to \(Limits.tensorNameBytes - 1) bytes"
    }
    guard !leavesFolder(name) else {
      return "a name without \"/\", \"\\\" and \"..\""
    }
    return hasControls(name) ? "text without control characters" : nil
  }

  /// Whether a path made of the name could lead out of its folder.
  ///
  /// This looks at bytes: as a `Character`, a slash with an accent on it is no slash.
  private static func leavesFolder(_ name: String) -> Bool {
    let (slash, backslash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "."))
    return name.utf8.contains { $0 == slash || $0 == backslash }
      || zip(name.utf8, name.utf8.dropFirst()).contains { $0 == dot && $1 == dot }
  }

  /// Whether a terminal might obey a part of the text, or a NUL make two names look alike.
  private static func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
  }
}
