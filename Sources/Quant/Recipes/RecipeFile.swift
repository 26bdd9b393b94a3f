// SPDX-License-Identifier: MIT

/// Rules from text, a line each: `pattern = type  # why`.
///
/// Empty lines and lines that begin with `#` mean nothing. The first rule that finds a tensor's name
/// decides. A line `effort = best` says how long encoders search.
public enum RecipeFile {
  /// Reads all rules of a recipe.
  ///
  /// Throws `QuantError.recipe` with the number of the first line that cannot be understood.
  public static func rules(_ text: String, file: String) throws(QuantError) -> [TypeRule] {
    var rules: [TypeRule] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      if let rule = try rule(String(line), file: file, line: index + 1) { rules.append(rule) }
    }
    return rules
  }

  /// The effort that a recipe asks for, the first if it does so more than once.
  public static func effort(_ text: String) -> Effort? {
    text.split(whereSeparator: \.isNewline).lazy.compactMap { line in
      let parts = line.prefix { $0 != "#" }.split(separator: "=").map(trimmed)
      return parts.count == 2 ? effort(parts[0], parts[1]) : nil
    }.first
  }

  private static func effort(_ pattern: String, _ value: String) -> Effort? {
    pattern == "effort" ? Effort(rawValue: value) : nil
  }

  private static func rule(
    _ line: String, file: String, line number: Int
  ) throws(QuantError) -> TypeRule? {
    let parts = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let rule = trimmed(parts[0])
    guard !rule.isEmpty else { return nil }
    guard let sign = rule.lastIndex(of: "=") else {
      throw .recipe(
        file: file, line: number, message: "expected PATTERN = TYPE, found \"\(rule)\"")
    }
    let pattern = trimmed(rule[..<sign])
    guard !pattern.isEmpty else {
      throw .recipe(file: file, line: number, message: "there is no pattern before the \"=\"")
    }
    let type = trimmed(rule[rule.index(after: sign)...])
    guard effort(pattern, type) == nil else { return nil }
    return try TypeRule(
      pattern: pattern, type: type,
      reason: parts.count > 1 ? trimmed(parts[1]) : "", file: file, line: number)
  }

  /// Reads `regex=type` pairs set apart by spaces or line ends, as `--tensor-type-file` has them.
  ///
  /// Throws `QuantError.recipe` with the number of the first line that cannot be understood.
  public static func tensorTypeFile(
    _ text: String, file: String
  ) throws(QuantError) -> [TypeRule] {
    var rules: [TypeRule] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      for pair in line.split(whereSeparator: \.isWhitespace) {
        rules.append(try TypeRule(option: String(pair), file: file, line: index + 1))
      }
    }
    return rules
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.endIndex
    return start < end ? String(text[start..<end]) : ""
  }
}
