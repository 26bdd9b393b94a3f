// SPDX-License-Identifier: MIT
public import BlockFormats
internal import GGUF
public import QuantModels
import _StringProcessing

/// `pattern = type`: tensors whose name the pattern finds get the type, or experts that it names.
public struct TypeRule: Sendable {
  /// What a rule asks for.
  public enum Choice: Sendable, Hashable {
    /// The tensor is stored in this type.
    case type(TensorType)
    /// The tensor stays as it is in the source.
    case keep
  }

  /// The regular expression, or the pattern of experts, as written.
  public let pattern: String
  /// What matching tensors get.
  public let choice: Choice
  /// Why, in the words of the recipe's author; may be empty.
  public let reason: String
  /// The experts that it speaks of; `nil` for a regular expression.
  public let experts: ExpertPattern?
  /// Where it was written, for errors.
  let file: String
  /// The line there; 0 on the command line.
  let line: Int
  /// The regular expression in the form that takes little time whatever it says; `nil` if it has forms
  /// that only the library knows.
  private let names: NamePattern?
  // A compiled pattern is immutable, though the library does not say so.
  nonisolated(unsafe) private let expression: Regex<AnyRegexOutput>?

  /// Compiles a rule.
  ///
  /// Throws `QuantError.content` naming `file` and `line` if the pattern is neither a regular
  /// expression nor one of experts, or the type is none.
  public init(
    pattern: String, type: String, reason: String = "", file: String, line: Int
  ) throws(QuantError) {
    self.pattern = pattern
    self.reason = reason
    self.file = file
    self.line = line
    choice = try Self.choice(type, file: file, line: line)
    if ExpertPattern.hasForm(pattern) {
      guard let experts = ExpertPattern(pattern) else {
        throw .content(
          file: file, line: line, what: "\(ExpertPattern.expectation), found \"\(pattern)\"")
      }
      self.experts = experts
      names = nil
      unsafe expression = nil
      return
    }
    experts = nil
    do {
      unsafe expression = try Regex(pattern)
    } catch {
      throw .content(
        file: file, line: line, what: "\"\(pattern)\" is not a regular expression: \(error)")
    }
    names = NamePattern(pattern)
    guard names != nil || !NamePattern.mayTakeForever(pattern) else {
      throw .content(
        file: file, line: line,
        what: "\"\(pattern)\" may take very long to match: expected no repeated groups and "
          + "at most \(NamePattern.mostRepetitions) repetitions next to look-around, references and "
          + "options")
    }
  }

  /// Whether the regular expression is found anywhere in a tensor's name; for a pattern of experts,
  /// whether the tensor holds one of them.
  public func matches(_ name: String) -> Bool {
    guard let experts else {
      if let names { return names.isFound(in: name) }
      return unsafe (try? expression?.firstMatch(in: name)) != nil
    }
    return ExpertTensorName(name).map(experts.covers) ?? false
  }

  /// Splits `pattern=type` at the last `=`, as `--tensor-type` has it.
  ///
  /// Throws `QuantError.content` naming `file` and `line` if there is no such sign.
  public init(option text: String, file: String, line: Int = 0) throws(QuantError) {
    guard let sign = text.lastIndex(of: "="), sign != text.startIndex else {
      throw .content(
        file: file, line: line, what: "expected REGEX=TYPE, found \"\(text)\"")
    }
    try self.init(
      pattern: String(text[..<sign]), type: String(text[text.index(after: sign)...]), file: file,
      line: line)
  }

  private static func choice(
    _ text: String, file: String, line: Int
  ) throws(QuantError) -> Choice {
    if text.lowercased() == "keep" { return .keep }
    guard let type = TensorType(name: text), type.status == .current else {
      throw .content(
        file: file, line: line,
        what: "there is no type \"\(text)\"\(FormatRegistry.question(text)); types are "
          + "\(FormatRegistry.encodableNames), or keep")
    }
    return .type(type)
  }
}

extension FormatRegistry {
  /// The names of all types that can be written, for messages and help.
  public static var encodableNames: String { encodable.joined(separator: ", ") }

  /// ` (did you mean F16?)` for a name that is near that of a type; else nothing.
  public static func question(_ name: String) -> String {
    NearName.question(name, among: encodable)
  }

  /// The same names one by one.
  package static var encodable: [String] {
    all.map { $0.type }.filter { encoder(of: $0) != nil }.map { $0.name }
  }
}
