// SPDX-License-Identifier: MIT
public import GGUF

/// What of the metadata is set: a key, a whole list, its end, or one of its elements.
///
/// Written `KEY`, `KEY[]`, `KEY[]+` or `KEY[3]`, each with `:TYPE` after it where the type is given.
public struct MetadataTarget: Sendable, Hashable {
  /// Which part of the key's value.
  public enum Part: Sendable, Hashable {
    case value, list, listEnd
    case element(Int)
  }

  /// The key.
  public let key: String
  /// Which part of its value.
  public let part: Part
  /// The type of the value, or of the list's elements; `nil` for that of the value that is there.
  public let type: ValueText.Wanted?

  /// Reads a target; `nil` for text that is none.
  public init?(_ text: some StringProtocol) {
    var rest = text[...]
    var type: ValueText.Wanted?
    if let colon = rest.lastIndex(of: ":"),
      let wanted = ValueText.wanted(rest[rest.index(after: colon)...])
    {
      type = wanted
      rest = rest[..<colon]
    }
    guard let (key, part) = Self.parts(String(rest)), !key.isEmpty else { return nil }
    (self.key, self.part, self.type) = (key, part, type)
  }

  private static func parts(_ text: String) -> (String, Part)? {
    if text.hasSuffix("[]+") { return (String(text.dropLast(3)), .listEnd) }
    if text.hasSuffix("[]") { return (String(text.dropLast(2)), .list) }
    guard text.hasSuffix("]"), let bracket = text.lastIndex(of: "[") else { return (text, .value) }
    guard let index = Int(text[text.index(after: bracket)...].dropLast()), index >= 0 else {
      return nil
    }
    return (String(text[..<bracket]), .element(index))
  }
}

extension MetadataTarget {
  /// The key's new value.
  ///
  /// - Parameters:
  ///   - texts: The text of the value, or of each element.
  ///   - metadata: What is there.
  /// - Returns: The whole value, with all elements of a list.
  /// - Throws: `QuantError.setting` for text that is not of the type, and where there is no such list.
  /// - Complexity: O(*n*) in the elements of the list.
  public func value(_ texts: [String], in metadata: Metadata) throws(QuantError) -> MetadataValue {
    let old = metadata[key]
    switch part {
    case .value:
      guard old?.elements == nil else {
        throw refused("expected \(key)[]=… for a list, found \(key)=…")
      }
      return try value(texts.first ?? "", as: scalarType(old, metadata))
    case .list:
      return .array(try array(texts, as: elementType(old, metadata)))
    case .listEnd:
      let list = try list(old)
      let more = try array(texts, as: type ?? .exact(list.elementType))
      guard more.elementType == list.elementType else { throw mixed(list, more.elementType) }
      return .array(list.appending(more))
    case .element(let index):
      return .array(try replaced(index, in: list(old), by: texts.first ?? ""))
    }
  }

  private func scalarType(
    _ old: MetadataValue?, _ metadata: Metadata
  ) throws(QuantError) -> ValueText.Wanted {
    if let type { return type }
    // What is there may be of a wrong type, which setting it anew puts right.
    let known = KnownKeys.type(of: key, architecture: metadata.architecture)
    if let old {
      let isRight = KnownKeys.kind(of: key, architecture: metadata.architecture)?.holds(old) ?? true
      return .exact(isRight ? old.type : known ?? old.type)
    }
    guard let known else { throw needsType("\(key):u32=5", metadata) }
    return .exact(known)
  }

  private func elementType(
    _ old: MetadataValue?, _ metadata: Metadata
  ) throws(QuantError) -> ValueText.Wanted {
    if let type { return type }
    if let list = old?.elements { return .exact(list.elementType) }
    guard let known = KnownKeys.elementType(of: key, architecture: metadata.architecture) else {
      throw needsType("\(key)[]:str=a,b", metadata)
    }
    return .exact(known)
  }

  private func list(_ old: MetadataValue?) throws(QuantError) -> MetadataArray {
    guard let list = old?.elements else {
      throw refused(
        "\(key): expected a list, found \(old.map { "a value of type \($0.type)" } ?? "no such key")"
      )
    }
    return list
  }

  private func replaced(
    _ index: Int, in list: MetadataArray, by text: String
  ) throws(QuantError) -> MetadataArray {
    guard index < list.count else {
      throw refused(
        list.count == 0
          ? "\(key): the list is empty: expected \(key)[]+=… to add to it, found \(key)[\(index)]=…"
          : "\(key): expected an element from 0 to \(list.count - 1), found \(index)")
    }
    let new = try value(text, as: type ?? .exact(list.elementType))
    guard new.type == list.elementType else { throw mixed(list, new.type) }
    return list.replacing(index, with: new)
  }

  private func array(
    _ texts: [String], as wanted: ValueText.Wanted
  ) throws(QuantError) -> MetadataArray {
    var values: [MetadataValue] = []
    for text in texts { values.append(try value(text, as: wanted)) }
    guard let type = Set(values.map(\.type)).first ?? wanted.exactType else {
      return MetadataArray(elementType: .int32, [])
    }
    guard let odd = values.first(where: { $0.type != type }) else {
      return MetadataArray(elementType: type, values)
    }
    throw refused(
      "\(key): the numbers need different types, \(type) and \(odd.type): name one, as in \(key)[]:i64"
    )
  }

  private func value(
    _ text: String, as wanted: ValueText.Wanted
  ) throws(QuantError) -> MetadataValue {
    if let value = ValueText.value(text, as: wanted) { return value }
    let expected =
      switch wanted.exactType {
      case .bool: "true or false"
      case let type?: "a value of type \(type)"
      case nil: "a whole number"
      }
    throw refused("\(key): expected \(expected), found \"\(text.prefix(80))\"")
  }

  private func mixed(_ list: MetadataArray, _ type: MetadataType) -> QuantError {
    refused("\(key): expected elements of type \(list.elementType), found \(type)")
  }

  private func needsType(_ example: String, _ metadata: Metadata) -> QuantError {
    let near = NearName.question(key, among: metadata.keys)
    return refused(
      "\(key): there is no such key\(near), so that its type must be given, as in \(example)")
  }

  private func refused(_ what: String) -> QuantError { .setting(.metadata, what: what) }
}

extension ValueText.Wanted {
  /// The type, where it does not depend on the value.
  var exactType: MetadataType? {
    if case .exact(let type) = self { type } else { nil }
  }
}
