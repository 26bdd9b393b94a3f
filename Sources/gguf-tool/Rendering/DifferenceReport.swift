// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What reports say of keys that differ.
extension Report {
  /// Each key on a line: `-` for what goes, `+` for what comes, `~` for what changes.
  mutating func add(_ difference: MetadataDifference) {
    for entry in difference.removed { keyLine("-", entry.key, Self.typed(entry.value)) }
    for entry in difference.added { keyLine("+", entry.key, Self.typed(entry.value)) }
    for change in difference.changed { add(change) }
  }

  private mutating func keyLine(_ sign: String, _ key: String, _ value: String) {
    verbatim("\(sign) \(key): \(value)")
  }

  private mutating func add(_ change: MetadataDifference.Change) {
    if let lines = change.lines {
      keyLine("~", change.key, "text of several lines")
      for line in lines { verbatim("  \(line)") }
    } else if let elements = change.elements {
      keyLine("~", change.key, Self.counts(elements))
      for (index, old, new) in elements.first {
        verbatim("  [\(index)] \(Self.quoted(old)) → \(Self.quoted(new))")
      }
    } else {
      let isSameType = change.old.type == change.new.type && change.old.elements == nil
      let (old, new) =
        isSameType
        ? (Self.quoted(change.old), Self.quoted(change.new))
        : (Self.typed(change.old), Self.typed(change.new))
      keyLine("~", change.key, "\(old) → \(new)")
    }
  }

  private static func counts(_ elements: ElementDifference) -> String {
    let common = min(elements.oldCount, elements.newCount)
    let changed = "\(Units.grouped(elements.changedCount)) of \(Units.grouped(common)) differ"
    let counts =
      (elements.oldCount == elements.newCount ? "" : "\(Units.grouped(elements.oldCount)) → ")
      + Text.plural(elements.newCount, "element")
    return "\(counts), \(changed)"
  }

  /// A value with its type, strings in quotation marks.
  private static func typed(_ value: MetadataValue) -> String {
    value.elements == nil ? "\(value.type) \(quoted(value))" : quoted(value)
  }

  private static func quoted(_ value: MetadataValue) -> String { MetadataText.short.quoted(value) }
}
