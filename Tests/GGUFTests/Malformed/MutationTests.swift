// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Whatever bytes a file holds: it is refused, or it opens and all of it can be read.
@Suite("Mutated files") struct MutationTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [ByteOrder.little, .big])
  func `random bytes in a valid file never trap`(order: ByteOrder) throws {
    var random = SeededGenerator(seed: 2026)
    var file = try MutableFile(.everyType, order: order, in: folder)
    for _ in 0..<4000 {
      try file.mutate(with: &random)
      file.open()
      try file.restore()
    }
    // Both must happen often, or the test says nothing.
    #expect(file.refused > 400 && file.opened > 400)
  }

  @Test func `every byte of the header takes extreme values without a trap`() throws {
    var file = try MutableFile(.everyType, order: .little, in: folder)
    for offset in 0..<file.headerBytes {
      for value in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
        try file.set([value], at: offset)
        file.open()
        try file.restore()
      }
    }
    #expect(file.refused > 400 && file.opened > 400)
  }

  @Test func `extreme numbers anywhere in the header do not trap`() throws {
    var file = try MutableFile(.everyType, order: .little, in: folder)
    let numbers: [UInt64] = [.max, 1 << 63, 1 << 63 - 1, 1 << 62, 1 << 32, 1 << 31 - 1]
    for offset in 0..<file.headerBytes - 8 {
      for number in numbers {
        try file.set(number.littleEndianBytes, at: offset)
        file.open()
        try file.restore()
      }
    }
    #expect(file.refused > 400 && file.opened > 400)
  }
}

/// A valid file on disk, patched in place: far cheaper than writing it anew.
private struct MutableFile {
  let path: String
  let headerBytes: Int
  private(set) var opened = 0
  private(set) var refused = 0
  private let original: [UInt8]
  private let handle: FileHandle
  private var changed: [Range<Int>] = []

  init(_ model: ModelFile, order: ByteOrder, in folder: TemporaryFolder) throws {
    path = folder.path("model.gguf")
    try model.write(to: path, order: order)
    original = Array(try Data(contentsOf: URL(filePath: path)))
    headerBytes = try GGUFFile.open(path).files[0].headerByteCount
    handle = try FileHandle(forWritingTo: URL(filePath: path))
  }

  mutating func set(_ bytes: [UInt8], at offset: Int) throws {
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: bytes)
    changed.append(offset..<offset + bytes.count)
  }

  mutating func restore() throws {
    for range in changed {
      try handle.seek(toOffset: UInt64(range.lowerBound))
      try handle.write(contentsOf: original[range])
    }
    changed = []
  }

  /// Changes up to four places in the header: random bytes, a flipped bit, or a small change.
  mutating func mutate(with random: inout SeededGenerator) throws {
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let offset = Int.random(in: 0..<headerBytes, using: &random)
      let old = original[offset]
      let count = min(Int.random(in: 1...8, using: &random), original.count - offset)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: try set(random.bytes(count), at: offset)
      case 1: try set([old ^ 1 << UInt8.random(in: 0..<8, using: &random)], at: offset)
      case 2: try set([old &+ UInt8.random(in: 0...2, using: &random) &- 1], at: offset)
      default: try set([UInt8.random(in: 0...255, using: &random)], at: offset)
      }
    }
  }

  /// Opens the file and, if that works, reads all that it holds.
  mutating func open() {
    guard let model = try? GGUFFile.open(path, requiring: .headerOnly) else {
      refused += 1
      return
    }
    opened += 1
    for entry in model.metadata.entries { read(entry.value) }
    for tensor in model.tensors {
      _ = (tensor.weightCount, tensor.rowCount, tensor.rowBytes, tensor.type.description)
      _ = try? model.bytes(of: tensor)
      guard let range = try? model.byteRange(of: tensor) else { continue }
      _ = try? model.read(tensor, at: 0, count: range.count)
    }
    _ = model.files[0].trailingByteCount
    _ = (try? GGUFFile.open(path)).map(\.byteCount)
  }

  private func read(_ value: MetadataValue) {
    _ = (value.integer, value.number, value.text, value.flag)
    guard let array = value.elements else { return }
    _ = (array.strings(3), array.integers(3), array.byteCount)
    let values = array.values()
    precondition(values.count == array.count, "an array that was checked must be whole")
    for element in values { read(element) }
  }
}
