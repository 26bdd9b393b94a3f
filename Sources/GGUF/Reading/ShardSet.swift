// SPDX-License-Identifier: MIT

/// The shards of a split model, found from any one of them and checked against each other.
struct ShardSet {
  private let opened: Shard
  private let name: SplitName

  /// Takes the one shard that was opened and what its metadata says of the others.
  init(opened: Shard, count: Int) throws(GGUFError) {
    let path = opened.mapping.path
    guard (1..<65_535).contains(count) else {
      throw Self.malformed(path, "split.count", expected: "1 to 65534", found: "\(count)")
    }
    guard let name = SplitName(path: path) else {
      throw Self.malformed(
        path, "the file name", expected: "NAME-00001-of-\(count).gguf, as it is one of \(count)",
        found: path)
    }
    guard name.count == count else {
      throw Self.malformed(
        path, "split.count", expected: "\(name.count), as the file name says", found: "\(count)")
    }
    self.opened = opened
    self.name = name
  }

  /// Opens all shards in order.
  func open(requiresData: Bool) throws(GGUFError) -> [Shard] {
    var shards: [Shard] = []
    for (index, path) in name.allPaths.enumerated() {
      guard Disk.exists(path) else {
        throw .missing(
          file: opened.mapping.path, what: "shard \(index + 1) of \(name.count) beside it (\(path))"
        )
      }
      let mapping = index == name.index ? opened.mapping : try MappedFile(path: path)
      let shard = try Shard(mapping, index: index, requiresData: requiresData)
      try check(shard, index: index)
      shards.append(shard)
    }
    try checkTensors(shards)
    return shards
  }

  private func check(_ shard: Shard, index: Int) throws(GGUFError) {
    let path = shard.mapping.path
    let number = shard.metadata["split.no"]?.integer
    guard number == index else {
      throw Self.malformed(path, "split.no", expected: "\(index)", found: Self.text(number))
    }
    for key in ["split.count", "split.tensors.count"] {
      let (mine, theirs) = (shard.metadata[key]?.integer, opened.metadata[key]?.integer)
      guard mine == theirs else {
        throw Self.malformed(
          path, key, expected: "\(Self.text(theirs)), as in \(opened.mapping.path)",
          found: Self.text(mine))
      }
    }
    if let mine = shard.metadata.architecture, let theirs = opened.metadata.architecture {
      guard mine == theirs else {
        throw Self.malformed(path, "general.architecture", expected: theirs, found: mine)
      }
    }
    guard shard.byteOrder == opened.byteOrder else {
      throw Self.malformed(
        path, "the byte order", expected: "\(opened.byteOrder)-endian as the other shards",
        found: "\(shard.byteOrder)-endian")
    }
  }

  /// The shards must hold as many tensors as promised, each name once.
  private func checkTensors(_ shards: [Shard]) throws(GGUFError) {
    var owners: [String: String] = [:]
    for shard in shards {
      for tensor in shard.tensors {
        if let other = owners.updateValue(shard.mapping.path, forKey: tensor.name) {
          throw Self.malformed(
            shard.mapping.path, "tensor \"\(tensor.name)\"", expected: "each name in one shard",
            found: "it again in \(other)")
        }
      }
    }
    let promised = opened.metadata["split.tensors.count"]?.integer
    guard promised == owners.count else {
      throw Self.malformed(
        opened.mapping.path, "split.tensors.count", expected: "\(owners.count), as the shards hold",
        found: Self.text(promised))
    }
  }

  private static func text(_ number: Int?) -> String { number.map(String.init) ?? "nothing" }

  private static func malformed(
    _ file: String, _ what: String, expected: String, found: String
  ) -> GGUFError {
    .malformed(file: file, offset: 0, what: what, expected: expected, found: found)
  }
}
