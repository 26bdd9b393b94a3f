// SPDX-License-Identifier: MIT

/// The shards of a split model, found from any one of them and checked against each other.
struct ShardSet {
  private let opened: Shard
  private let name: SplitName

  /// Takes the one shard that was opened; `nil` if it is a whole model.
  init?(opened: Shard) throws(FileError) {
    guard let value = opened.metadata["split.count"] else { return nil }
    guard let count = value.integer, (0..<65_535).contains(count) else {
      throw Self.malformed(
        opened, "split.count", expected: "0 to 65534",
        found: Self.text(value.integer, or: "a value of type \(value.type)"))
    }
    guard count > 1 else {  // one file; llama.cpp leaves a zero in what it merged
      if opened.metadata["split.no"] != nil { try Self.checkNumber(opened, index: 0) }
      return nil
    }
    guard let name = SplitName(path: opened.name), name.count == count else {
      throw Self.malformed(
        opened, "split.count", expected: "\(count) in the file's name (NAME-00001-of-NNNNN.gguf)",
        found: opened.name)
    }
    self.opened = opened
    self.name = name
  }

  /// Opens all shards in order.
  func open(requiresData: Bool) throws(FileError) -> [Shard] {
    var shards: [Shard] = []
    for (index, path) in name.allPaths.enumerated() {
      guard
        let source = index == name.index ? opened.source : try opened.source.sibling(path)
      else {
        throw .missing(
          file: opened.name, what: "shard \(index + 1) of \(name.count) beside it (\(path))"
        )
      }
      let shard = try Shard(source, index: index, requiresData: requiresData)
      try check(shard, index: index)
      shards.append(shard)
    }
    try checkTensors(shards)
    return shards
  }

  private func check(_ shard: Shard, index: Int) throws(FileError) {
    try Self.checkNumber(shard, index: index)
    for key in ["split.count", "split.tensors.count"] {
      let (mine, theirs) = (shard.metadata[key]?.integer, opened.metadata[key]?.integer)
      guard mine == theirs else {
        throw Self.malformed(
          shard, key, expected: "\(Self.text(theirs)), as in \(opened.name)",
          found: Self.text(mine))
      }
    }
    if let mine = shard.metadata.architecture, let theirs = opened.metadata.architecture {
      guard mine == theirs else {
        throw Self.malformed(shard, "general.architecture", expected: theirs, found: mine)
      }
    }
    guard shard.byteOrder == opened.byteOrder else {
      throw .malformed(
        file: shard.name, offset: 4, what: "the byte order",
        expected: "\(opened.byteOrder)-endian as the other shards",
        found: "\(shard.byteOrder)-endian")
    }
  }

  private static func checkNumber(_ shard: Shard, index: Int) throws(FileError) {
    let number = shard.metadata["split.no"]?.integer
    guard number == index else {
      throw malformed(shard, "split.no", expected: "\(index)", found: text(number))
    }
  }

  /// The shards must hold as many tensors as promised, each name once.
  private func checkTensors(_ shards: [Shard]) throws(FileError) {
    var owners: [String: String] = [:]
    for shard in shards {
      for tensor in shard.tensors {
        if let other = owners.updateValue(shard.name, forKey: tensor.name) {
          throw .malformed(
            file: shard.name, offset: tensor.byteOffset, what: "tensor \"\(tensor.name)\"",
            expected: "each name in one shard", found: "it in \(other) too")
        }
      }
    }
    let promised = opened.metadata["split.tensors.count"]?.integer
    guard promised == owners.count else {
      throw Self.malformed(
        opened, "split.tensors.count", expected: "\(owners.count), as the shards hold",
        found: Self.text(promised))
    }
  }

  private static func text(_ number: Int?, or other: String = "nothing") -> String {
    number.map(String.init) ?? other
  }

  private static func malformed(
    _ shard: Shard, _ key: String, expected: String, found: String
  ) -> FileError {
    .malformed(
      file: shard.name, offset: shard.place(ofKey: key), what: key, expected: expected,
      found: found)
  }
}
