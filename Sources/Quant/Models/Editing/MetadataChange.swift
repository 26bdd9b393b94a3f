// SPDX-License-Identifier: MIT
public import GGUF

/// One change to the metadata of a model.
public enum MetadataChange: Sendable {
  /// Sets a key, or part of its value, by text: one for a value or an element, one each for a list.
  case set(MetadataTarget, [String])
  /// Copies keys of another model: those of this name, or of this beginning if it ends in `*`.
  case copy(String, from: Metadata, path: String)
  /// Removes a key, or all of a beginning.
  case delete(String)
  /// Gives a key another name, at its place.
  case rename(String, to: String)

  /// Keys that say how the file itself is laid out, and whose change would break it.
  private static func isFixed(_ key: String) -> Bool {
    key == "general.alignment" || key == HeaderRoom.key || key.hasPrefix("split.")
  }

  /// Makes the change.
  ///
  /// - Throws: `QuantError.setting` if there is no such key, if there is one of the new name, for text
  ///   that is not of the type, and for keys that say how the file is laid out.
  /// - Complexity: O(*n*) in keys, and in the elements of a list that is changed.
  public func apply(to metadata: inout Metadata) throws(QuantError) {
    switch self {
    case .set(let target, let texts):
      try Self.check(target.key)
      metadata[target.key] = try target.value(texts, in: metadata)
    case .copy(let pattern, let other, let path):
      // Of those of a beginning, what says how the other file is laid out stays there.
      if !pattern.hasSuffix("*") { try Self.check(pattern) }
      for key in try Self.keys(pattern, in: other, path) where !Self.isFixed(key) {
        metadata[key] = other[key]
      }
    case .delete(let pattern):
      for key in try Self.keys(pattern, in: metadata, "the file") {
        try Self.check(key)
        metadata[key] = nil
      }
    case .rename(let old, let new):
      try Self.rename(old, new, in: &metadata)
    }
  }

  private static func check(_ key: String) throws(QuantError) {
    guard isFixed(key) else { return }
    throw .setting(.metadata, what: "\(key) says how the file is laid out, and cannot be edited")
  }

  private static func keys(
    _ pattern: String, in metadata: Metadata, _ path: String
  ) throws(QuantError) -> [String] {
    let found = metadata.keys(like: pattern)
    guard found.isEmpty else { return found }
    throw missing(pattern, in: metadata, path)
  }

  private static func missing(_ key: String, in metadata: Metadata, _ path: String) -> QuantError {
    let near = NearName.question(key, among: metadata.keys)
    return .setting(.metadata, what: "expected the key \(key) in \(path), found none\(near)")
  }

  private static func rename(
    _ old: String, _ new: String, in metadata: inout Metadata
  ) throws(QuantError) {
    for key in [old, new] { try check(key) }
    guard metadata[old] != nil else { throw missing(old, in: metadata, "the file") }
    guard metadata[new] == nil else {
      throw .setting(.metadata, what: "\(new): expected a new name, found a key of this name")
    }
    var renamed = Metadata()
    for entry in metadata.entries { renamed[entry.key == old ? new : entry.key] = entry.value }
    metadata = renamed
  }
}
