// SPDX-License-Identifier: MIT
import GGUF

/// Reads a tokenizer's keys, each checked for what it must be.
struct TokenizerMetadata {
  let metadata: Metadata
  let file: String

  /// The prefix of all keys.
  static let prefix = "tokenizer.ggml."

  /// An error about one key.
  func error(_ key: String, expected: String, found: String) -> QuantError {
    .content(
      file: file, line: 0, what: "\(Self.prefix)\(key): expected \(expected), found \(found)")
  }

  func value(_ key: String) -> MetadataValue? { metadata[Self.prefix + key] }

  func text(_ key: String) throws(QuantError) -> String? {
    guard let value = value(key) else { return nil }
    guard let text = value.text else {
      throw error(key, expected: "a string", found: "a value of type \(value.type)")
    }
    return text
  }

  func flag(_ key: String) throws(QuantError) -> Bool? {
    guard let value = value(key) else { return nil }
    guard let flag = value.flag else {
      throw error(key, expected: "true or false", found: "a value of type \(value.type)")
    }
    return flag
  }

  func integer(_ key: String) throws(QuantError) -> Int? {
    guard let value = value(key) else { return nil }
    guard let integer = value.integer else {
      throw error(key, expected: "an integer", found: "a value of type \(value.type)")
    }
    return integer
  }

  func array(_ key: String) throws(QuantError) -> MetadataArray? {
    guard let value = value(key) else { return nil }
    guard let array = value.elements else {
      throw error(key, expected: "an array", found: "a value of type \(value.type)")
    }
    return array
  }

  func strings(_ key: String) throws(QuantError) -> StringTable? {
    guard let array = try array(key) else { return nil }
    guard let table = array.stringTable else {
      throw error(key, expected: "strings", found: "values of type \(array.elementType)")
    }
    return table
  }

  /// An array with an element for each token.
  func array(_ key: String, count: Int) throws(QuantError) -> MetadataArray? {
    guard let array = try array(key) else { return nil }
    guard array.count == count else {
      throw error(
        key, expected: "\(count) elements, one for each token", found: "\(array.count)")
    }
    return array
  }
}
