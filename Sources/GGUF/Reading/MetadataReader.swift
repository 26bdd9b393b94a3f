// SPDX-License-Identifier: MIT

extension ByteReader {
  /// Reads `count` keys and values; arrays stay in `header` until asked for.
  @_lifetime(self: copy self)
  mutating func metadata(count: Int, header: HeaderBytes) throws(FileError) -> Metadata {
    var table = Metadata()
    for index in 0..<count {
      let start = offset
      let key = try key(index)
      guard table[key] == nil else {
        throw malformed(
          "key \(index)", expected: "each key once", found: "\"\(key)\" again", at: start)
      }
      table[key] = try value(key, header: header)
    }
    return table
  }

  /// Where a key stands, or where the keys end: only errors need it, so nothing keeps it.
  @_lifetime(self: copy self)
  mutating func place(
    ofKey wanted: String, count: Int, header: HeaderBytes
  ) throws(FileError) -> Int {
    for index in 0..<count {
      let start = offset
      guard try key(index) != wanted else { return start }
      _ = try value(wanted, header: header)
    }
    return offset
  }

  @_lifetime(self: copy self)
  private mutating func key(_ index: Int) throws(FileError) -> String {
    let start = offset
    let length = try count("the length of key \(index)")
    guard (1...Limits.keyBytes).contains(length) else {
      throw malformed(
        "the length of key \(index)", expected: "1 to \(Limits.keyBytes) bytes",
        found: "\(length)", at: start)
    }
    return try name(length, "key \(index)", rule: NamingRule.broken(byKey:))
  }

  /// Reads a name: UTF-8 that keeps to a rule.
  @_lifetime(self: copy self)
  mutating func name(
    _ length: Int, _ what: String, rule: (String) -> String?
  ) throws(FileError) -> String {
    let start = try skip(length, what)
    guard let name = String(validating: copy(start..<offset), as: UTF8.self) else {
      throw malformed(what, expected: "UTF-8 text", found: "other bytes", at: start)
    }
    if let rule = rule(name) {
      throw malformed(what, expected: rule, found: String(reflecting: name), at: start)
    }
    return name
  }
}
