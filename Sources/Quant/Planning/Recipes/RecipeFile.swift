// SPDX-License-Identifier: MIT
public import BlockFormats
public import QuantModels

/// Rules from text, a line each: `pattern = type  # why`.
///
/// Empty lines and lines that begin with `#` mean nothing. The first rule that finds a tensor's name
/// decides. Lines `preset = Q4_K_M`, `layout = per-expert` and `effort = best` are settings.
public enum RecipeFile {
  /// What a recipe says beside its rules: of each the first, if it is there more than once.
  public struct Settings: Sendable {
    /// The name of a preset, or `COPY`.
    public var preset: String?
    /// How tensors of experts are laid out.
    public var layout: ExpertLayout?
    /// How long encoders search.
    public var effort: Effort?
  }

  /// All that a recipe says.
  public struct Contents: Sendable {
    /// What it says beside its rules.
    public let settings: Settings
    /// Its rules, in order.
    public let rules: [TypeRule]

    /// Makes the recipe.
    ///
    /// - Parameter base: What it goes on from, instead of the preset that it names.
    /// - Returns: The recipe; `nil` without a preset.
    public func recipe(base: Recipe? = nil) -> Recipe? {
      guard var recipe = base ?? settings.preset.flatMap(Recipe.init(presetName:)) else {
        return nil
      }
      recipe.rules = rules
      recipe.layout = settings.layout ?? .keep
      recipe.effort = settings.effort ?? .default
      return recipe
    }
  }

  /// Reads all rules of a recipe.
  ///
  /// Throws `QuantError.content` with the number of the first line that cannot be understood.
  public static func rules(_ text: String, file: String) throws(QuantError) -> [TypeRule] {
    try rules(lines(text, file: file), file: file)
  }

  private static func rules(
    _ lines: [RecipeLine], file: String
  ) throws(QuantError) -> [TypeRule] {
    var rules: [TypeRule] = []
    for line in lines {
      guard try line.setting(file: file) == nil else { continue }
      rules.append(
        try TypeRule(
          pattern: line.pattern, type: line.value, reason: line.reason, file: file,
          line: line.number))
    }
    return rules
  }

  /// Reads what a recipe says beside its rules.
  ///
  /// Throws `QuantError.content` with the number of the first line that cannot be understood.
  public static func settings(_ text: String, file: String) throws(QuantError) -> Settings {
    try settings(lines(text, file: file), file: file)
  }

  private static func settings(
    _ lines: [RecipeLine], file: String
  ) throws(QuantError) -> Settings {
    var settings = Settings()
    for line in lines {
      switch try line.setting(file: file) {
      case .preset(let name): settings.preset = settings.preset ?? name
      case .layout(let layout): settings.layout = settings.layout ?? layout
      case .effort(let effort): settings.effort = settings.effort ?? effort
      case nil: break
      }
    }
    return settings
  }

  /// Reads a whole recipe.
  ///
  /// - Parameters:
  ///   - text: The recipe.
  ///   - file: Its name, for errors.
  ///   - base: What it goes on from, instead of the preset that it names.
  /// - Returns: The recipe.
  /// - Throws: `QuantError.content` with the first line that cannot be understood, or if there is no
  ///   preset.
  public static func recipe(
    _ text: String, file: String, base: Recipe? = nil
  ) throws(QuantError) -> Recipe {
    guard let recipe = try contents(text, file: file).recipe(base: base) else {
      throw .content(file: file, line: 0, what: "expected a line \"preset = NAME\", found none")
    }
    return recipe
  }

  /// Reads all that a recipe says, which may lack a preset.
  ///
  /// Throws `QuantError.content` with the number of the first line that cannot be understood.
  public static func contents(_ text: String, file: String) throws(QuantError) -> Contents {
    let lines = try lines(text, file: file)
    return Contents(
      settings: try settings(lines, file: file), rules: try rules(lines, file: file))
  }

  private static func lines(_ text: String, file: String) throws(QuantError) -> [RecipeLine] {
    var result: [RecipeLine] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      if let line = try RecipeLine(line, file: file, number: index + 1) { result.append(line) }
    }
    return result
  }

  /// Reads `regex=type` pairs set apart by spaces or line ends, as `--tensor-type-file` has them.
  ///
  /// Throws `QuantError.content` with the number of the first line that cannot be understood.
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
}

/// A line of a recipe taken apart: `pattern = value  # reason`.
struct RecipeLine {
  let pattern: String
  let value: String
  let reason: String
  let number: Int

  /// What a line sets, if it is no rule.
  enum Setting {
    case preset(String), layout(ExpertLayout), effort(Effort)
  }

  /// `nil` for a line that means nothing.
  init?(_ line: Substring, file: String, number: Int) throws(QuantError) {
    let parts = line.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let rule = Self.trimmed(parts[0])
    guard !rule.isEmpty else { return nil }
    guard let sign = rule.lastIndex(of: "=") else {
      throw .content(
        file: file, line: number, what: "expected PATTERN = TYPE, found \"\(rule)\"")
    }
    pattern = Self.trimmed(rule[..<sign])
    value = Self.trimmed(rule[rule.index(after: sign)...])
    reason = parts.count > 1 ? Self.trimmed(parts[1]) : ""
    self.number = number
    guard !pattern.isEmpty else {
      throw .content(file: file, line: number, what: "there is no pattern before the \"=\"")
    }
  }

  /// What the line sets; `nil` for a rule.
  func setting(file: String) throws(QuantError) -> Setting? {
    switch pattern {
    case "effort":
      return Effort(rawValue: value).map { .effort($0) }
    case "preset":
      guard Recipe(presetName: value) != nil else {
        throw .content(
          file: file, line: number,
          what: "there is no preset \"\(value)\"\(Recipe.question(value)); presets are "
            + FileType.all.map(\.name).joined(separator: ", ") + ", or COPY")
      }
      return .preset(value)
    case "layout":
      guard let layout = ExpertLayout(rawValue: value) else {
        let names = ExpertLayout.allCases.map(\.rawValue).joined(separator: ", ")
        throw .content(
          file: file, line: number, what: "there is no layout \"\(value)\"; layouts are \(names)"
        )
      }
      return .layout(layout)
    default:
      return nil
    }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? text.endIndex
    return start < end ? String(text[start..<end]) : ""
  }
}
