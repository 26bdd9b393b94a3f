// SPDX-License-Identifier: MIT
public import GGUF

/// How the keys and values of one model differ from those of another.
///
/// Room for later edits (`HeaderRoom`) says nothing of a model, and is left out.
public struct MetadataDifference: Sendable, Encodable {
  /// A key that only one of the two has.
  public struct Entry: Sendable {
    /// The key.
    public let key: String
    /// Its value.
    public let value: MetadataValue
  }

  /// A key whose values differ.
  public struct Change: Sendable {
    /// The key.
    public let key: String
    /// The first model's value, and the second's.
    public let old: MetadataValue, new: MetadataValue
    /// For lists of one type: how their elements differ.
    public let elements: ElementDifference?
    /// For text of several lines: the differences as `diff -u` prints them.
    public let lines: [String]?

    init(key: String, old: MetadataValue, new: MetadataValue) {
      (self.key, self.old, self.new) = (key, old, new)
      elements =
        if let first = old.elements, let second = new.elements {
          ElementDifference(first, second)
        } else {
          nil
        }
      lines =
        if let first = old.text, let second = new.text,
          first.utf8.contains(UInt8(ascii: "\n")) || second.utf8.contains(UInt8(ascii: "\n"))
        {
          UnifiedDiff.lines(from: first, to: second)
        } else {
          nil
        }
    }
  }

  /// Keys that only the second has, in its order.
  public let added: [Entry]
  /// Keys that only the first has, in its order.
  public let removed: [Entry]
  /// Keys whose values differ, in the order of the first.
  public let changed: [Change]

  /// Whether there is no difference.
  public var isEmpty: Bool { count == 0 }

  /// How many keys differ.
  public var count: Int { added.count + removed.count + changed.count }

  /// Compares two tables of keys, in any order.
  ///
  /// - Complexity: O(*n*) in keys and in elements of lists that differ.
  public init(from old: Metadata, to new: Metadata) {
    let (old, new) = (old.withHeaderRoom(nil), new.withHeaderRoom(nil))
    added = new.entries.filter { old[$0.key] == nil }.map { Entry(key: $0.key, value: $0.value) }
    removed = old.entries.filter { new[$0.key] == nil }.map { Entry(key: $0.key, value: $0.value) }
    changed = old.entries.compactMap { entry in
      guard let other = new[entry.key], other != entry.value else { return nil }
      return Change(key: entry.key, old: entry.value, new: other)
    }
  }
}

/// How two lists differ, element by element.
public struct ElementDifference: Sendable {
  /// Elements of both lists.
  public let oldCount: Int, newCount: Int
  /// Places at which both have an element, and another one.
  public let changedCount: Int
  /// The first of these.
  public let first: [(index: Int, old: MetadataValue, new: MetadataValue)]

  private static let listed = 10

  /// Compares two lists; `nil` if their elements are of different types.
  init?(_ old: MetadataArray, _ new: MetadataArray) {
    guard old.elementType == new.elementType else { return nil }
    (oldCount, newCount) = (old.count, new.count)
    var count = 0
    var first: [(index: Int, old: MetadataValue, new: MetadataValue)] = []
    old.forEachDifference(from: new) { index, old, new in
      count += 1
      if first.count < Self.listed { first.append((index, old, new)) }
    }
    (changedCount, self.first) = (count, first)
  }
}

// MARK: - JSON

/// Elements of a list that JSON shows: a difference is no copy of both models.
private let shownElements = MetadataSummary.shortArray

extension MetadataDifference.Entry: Encodable {
  private enum Keys: String, CodingKey { case key, value }

  /// Writes `{"key": …, "value": {"type": …, "value": …}}`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(key, forKey: .key)
    try container.encode(
      EncodedEntry(key: key, value: value, arrayLimit: shownElements), forKey: .value)
  }
}

extension MetadataDifference.Change: Encodable {
  private enum Keys: String, CodingKey { case key, old, new, elements, lines }

  /// Writes both values with their types, and how they differ where that says more.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(key, forKey: .key)
    try container.encode(
      EncodedEntry(key: key, value: old, arrayLimit: shownElements), forKey: .old)
    try container.encode(
      EncodedEntry(key: key, value: new, arrayLimit: shownElements), forKey: .new)
    try container.encodeIfPresent(elements, forKey: .elements)
    try container.encodeIfPresent(lines, forKey: .lines)
  }
}

extension ElementDifference: Encodable {
  private enum Keys: String, CodingKey { case oldCount, newCount, changedCount, first }

  private struct Element: Encodable {
    let index: Int
    let old: EncodedEntry
    let new: EncodedEntry
  }

  /// Writes counts, and the first elements that differ.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(oldCount, forKey: .oldCount)
    try container.encode(newCount, forKey: .newCount)
    try container.encode(changedCount, forKey: .changedCount)
    try container.encode(
      first.map {
        Element(
          index: $0.index, old: EncodedEntry(key: nil, value: $0.old, arrayLimit: shownElements),
          new: EncodedEntry(key: nil, value: $0.new, arrayLimit: shownElements))
      }, forKey: .first)
  }
}
