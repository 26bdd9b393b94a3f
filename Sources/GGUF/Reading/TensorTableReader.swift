// SPDX-License-Identifier: MIT

/// A line of the tensor table, before its place in the file is checked.
struct TensorEntry {
  let description: TensorDescription
  let relativeOffset: Int
  let place: Int
}

extension ByteReader {
  /// Reads the tensor table and checks names, shapes and sizes.
  @_lifetime(self: copy self)
  mutating func tensorTable(count: Int) throws(FileError) -> [TensorEntry] {
    var entries: [TensorEntry] = []
    var names: Set<String> = []
    for index in 0..<count {
      let entry = try tensorEntry(index)
      let name = entry.description.name
      guard names.insert(name).inserted else {
        throw malformed(
          "tensor \(index)", expected: "each name once", found: "\"\(name)\" again",
          at: entry.place)
      }
      entries.append(entry)
    }
    return entries
  }

  @_lifetime(self: copy self)
  private mutating func tensorEntry(_ index: Int) throws(FileError) -> TensorEntry {
    let place = offset
    let name = try tensorName(index)
    let dimensions = try tensorDimensions(name)
    let type = TensorType(rawValue: try integer(UInt32.self, "the type of \"\(name)\""))
    let relative = try count("the offset of \"\(name)\"")
    let description = TensorDescription(name: name, dimensions: dimensions, type: type)
    try check(description, at: place)
    return TensorEntry(description: description, relativeOffset: relative, place: place)
  }

  @_lifetime(self: copy self)
  private mutating func tensorName(_ index: Int) throws(FileError) -> String {
    let start = offset
    let length = try count("the length of the name of tensor \(index)")
    guard (1..<Limits.tensorNameBytes).contains(length) else {
      throw malformed(
        "the length of the name of tensor \(index)",
        expected: "1 to \(Limits.tensorNameBytes - 1) bytes", found: "\(length)", at: start)
    }
    return try name(
      length, "the name of tensor \(index)", rule: NamingRule.broken(byTensor:))
  }

  @_lifetime(self: copy self)
  private mutating func tensorDimensions(_ name: String) throws(FileError) -> [Int] {
    let start = offset
    let count = try integer(UInt32.self, "the number of dimensions of \"\(name)\"")
    guard count <= Limits.dimensions else {
      throw malformed(
        "the number of dimensions of \"\(name)\"", expected: "at most \(Limits.dimensions)",
        found: "\(count)", at: start)
    }
    var dimensions: [Int] = []
    for index in 0..<count {
      dimensions.append(try self.count("dimension \(index) of \"\(name)\""))
    }
    return dimensions
  }

  /// Rows must be whole blocks, and weights and bytes countable.
  private func check(_ tensor: TensorDescription, at place: Int) throws(FileError) {
    let shape = tensor.dimensions.map(String.init).joined(separator: " × ")
    guard tensor.fullWeightCount != nil else {
      throw malformed(
        "tensor \"\(tensor.name)\"", expected: "fewer than 2^63 weights", found: shape, at: place)
    }
    guard let layout = tensor.type.layout else { return }
    let row = tensor.dimensions.first ?? 1
    guard row % layout.weightsPerBlock == 0 else {
      throw malformed(
        "tensor \"\(tensor.name)\"",
        expected:
          "rows of a multiple of \(layout.weightsPerBlock) weights, as \(tensor.type) needs",
        found: "rows of \(row)", at: place)
    }
    guard tensor.byteCount != nil else {
      throw malformed(
        "tensor \"\(tensor.name)\"", expected: "fewer than 2^63 bytes",
        found: "\(shape) weights of \(tensor.type)", at: place)
    }
  }
}
