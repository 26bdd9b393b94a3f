// SPDX-License-Identifier: MIT

/// The keys and values of a file, in file order.
public struct Metadata: Sendable, Equatable {
  /// One key with its value.
  public struct Entry: Sendable, Equatable {
    /// The key, such as `general.architecture`.
    public let key: String
    /// The value.
    public var value: MetadataValue
  }

  /// All entries in file order.
  public private(set) var entries: [Entry] = []
  private var places: [String: Int] = [:]

  /// Makes an empty table.
  public init() {}

  /// The keys in file order.
  public var keys: [String] { entries.map(\.key) }

  /// The keys of a name, or with `*` at its end all that begin like it: `tokenizer.*`.
  public func keys(like pattern: String) -> [String] {
    guard pattern.hasSuffix("*") else { return keys.filter { $0 == pattern } }
    return keys.filter { $0.hasPrefix(pattern.dropLast()) }
  }

  /// Reads a value, sets one (in place, or at the end for a new key), or removes one with `nil`.
  ///
  /// - Complexity: O(1); removal is O(*n*).
  public subscript(key: String) -> MetadataValue? {
    get { places[key].map { entries[$0].value } }
    set {
      guard let newValue else { return remove(key) }
      if let place = places[key] {
        entries[place].value = newValue
      } else {
        places[key] = entries.count
        entries.append(Entry(key: key, value: newValue))
      }
    }
  }

  private mutating func remove(_ key: String) {
    guard let place = places[key] else { return }
    entries.remove(at: place)
    places = Dictionary(
      uniqueKeysWithValues: entries.enumerated().map { ($0.element.key, $0.offset) })
  }

  /// What tensor offsets are multiples of: `general.alignment`, or the format's default of 32;
  /// `nil` if the value is of the wrong type, no power of two, or larger than 1 MiB.
  public var alignment: Int? {
    guard let value = self["general.alignment"] else { return 32 }
    guard case .uint32(let number) = value, number > 0, number & (number - 1) == 0,
      number <= Limits.alignment
    else { return nil }
    return Int(number)
  }

  /// The model's architecture (`general.architecture`), the prefix of its own keys.
  public var architecture: String? { self["general.architecture"]?.text }

  /// A value of the model's architecture: `model("block_count")` reads `llama.block_count`.
  public func model(_ key: String) -> MetadataValue? {
    architecture.flatMap { self["\($0).\(key)"] }
  }
}
