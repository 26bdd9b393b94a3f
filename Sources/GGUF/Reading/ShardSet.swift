// SPDX-License-Identifier: MIT

/// The shards of a split model, found from any one of them and checked against each other.
struct ShardSet {
  private let opened: Shard
  private let name: SplitName

  /// Takes the one shard that was opened; `nil` if it is a whole model.
  init?(opened: Shard) throws(FileError) {
    guard let count = try Self.count(opened) else { return nil }
    guard let name = SplitName(path: opened.name), name.count == count else {
      throw Self.malformed(
        opened, "split.count", expected: "\(count) in the file's name (NAME-00001-of-NNNNN.gguf)",
        found: opened.name)
    }
    self.opened = opened
    self.name = name
  }

  private init(_ opened: Shard, _ name: SplitName) {
    self.opened = opened
    self.name = name
  }

  /// How many shards a file says that its model has; `nil` for a whole model.
  private static func count(_ opened: Shard) throws(FileError) -> Int? {
    guard let value = opened.metadata["split.count"] else { return nil }
    guard let count = value.integer, (0..<65_535).contains(count) else {
      throw malformed(
        opened, "split.count", expected: "0 to 65534",
        found: text(value.integer, or: "a value of type \(value.type)"))
    }
    guard count > 1 else {  // one file; llama.cpp leaves a zero in what it merged
      if opened.metadata["split.no"] != nil { try checkNumber(opened, index: 0) }
      return nil
    }
    return count
  }

  /// The shards that are there, of a file's model, and those that are not; `nil` for a whole model.
  ///
  /// A name of another form, as downloads and caches have, does not tell the names of the others.
  static func present(
    with opened: Shard
  ) throws(FileError) -> (shards: [Shard], missing: MissingShards?)? {
    guard let count = try count(opened) else { return nil }
    guard let name = SplitName(path: opened.name), name.count == count else {
      let number = opened.metadata["split.no"]?.integer
      return ([opened], missing([opened], (0..<count).filter { $0 != number }, of: count))
    }
    return try ShardSet(opened, name).openPresent()
  }

  private func openPresent() throws(FileError) -> (shards: [Shard], missing: MissingShards?) {
    var shards: [Shard] = []
    var missing: [Int] = []
    for (index, path) in name.allPaths.enumerated() {
      guard
        let source = index == name.index ? opened.source : try opened.source.sibling(path)
      else {
        missing.append(index)
        continue
      }
      let shard = try Shard(source, index: shards.count, requiresData: false)
      try check(shard, index: index)
      shards.append(shard)
    }
    if missing.isEmpty { try checkTensors(shards) } else { try checkNames(shards) }
    return (shards, Self.missing(shards, missing, of: name.count))
  }

  private static func missing(_ shards: [Shard], _ places: [Int], of count: Int) -> MissingShards? {
    guard !places.isEmpty else { return nil }
    let promised = shards[0].metadata["split.tensors.count"]?.integer
    let found = shards.reduce(0) { $0 + $1.tensors.count }
    return MissingShards(
      numbers: places.map { $0 + 1 }, count: count,
      tensorCount: promised.flatMap { $0 >= found ? $0 - found : nil })
  }

  /// Opens shards that are given one by one, and puts them in the order of their numbers.
  ///
  /// Throws if one is missing, there twice, or of another model.
  static func ordered(
    _ sources: [any ByteSource], requiresData: Bool
  ) throws(FileError) -> [Shard] {
    var numbered: [Int: any ByteSource] = [:]
    for source in sources {
      let shard = try Shard(source, index: 0, requiresData: false)
      let count = shard.metadata["split.count"]?.integer
      guard count == sources.count else {
        throw malformed(
          shard, "split.count", expected: "\(sources.count), as many files as were given",
          found: text(count))
      }
      let number = shard.metadata["split.no"]?.integer
      guard let number, (0..<sources.count).contains(number), numbered[number] == nil else {
        let given = number.flatMap { numbered[$0] }.map { ", as in \($0.name)" } ?? ""
        throw malformed(
          shard, "split.no", expected: "each number from 0 to \(sources.count - 1) once",
          found: text(number) + given)
      }
      numbered[number] = source
    }
    var shards: [Shard] = []
    for index in sources.indices {
      guard let source = numbered[index] else { continue }
      shards.append(try Shard(source, index: index, requiresData: requiresData))
    }
    guard let first = shards.first else { return [] }
    let set = ShardSet(first, SplitName(prefix: first.name, index: 0, count: sources.count))
    for (index, shard) in shards.enumerated() { try set.check(shard, index: index) }
    try set.checkTensors(shards)
    return shards
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
    let count = try checkNames(shards)
    let promised = opened.metadata["split.tensors.count"]?.integer
    guard promised == count else {
      throw Self.malformed(
        opened, "split.tensors.count", expected: "\(count), as the shards hold",
        found: Self.text(promised))
    }
  }

  /// The shards must hold each name once; returns how many names there are.
  @discardableResult
  private func checkNames(_ shards: [Shard]) throws(FileError) -> Int {
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
    return owners.count
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
