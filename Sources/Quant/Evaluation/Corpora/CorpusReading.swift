// SPDX-License-Identifier: MIT

/// How the files of a corpus are read.
public struct CorpusReading: Sendable, Equatable {
  /// The member of JSON objects that holds the document: a string, or a list of messages.
  public var field: String
  /// Whether the texts of control tokens stand for these tokens, as in texts made by a chat template.
  public var parsesSpecial: Bool

  /// The member where none is chosen.
  public static let usualField = "text"
  /// The member with messages that is looked for where there is no text.
  static let messages = "messages"

  /// Chooses.
  public init(field: String = usualField, parsesSpecial: Bool = false) {
    self.field = field
    self.parsesSpecial = parsesSpecial
  }
}
