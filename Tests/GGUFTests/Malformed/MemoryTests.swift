// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Each measures in a process of its own, where no other test runs and a trap is seen as one.
@Suite("Memory") struct MemoryTests {
  @Test func `the whole table of bad files takes less than 64 MiB`() async {
    await #expect(processExitsWith: .success) {
      let growth = try PeakMemory.growth {
        for row in MalformedCase.all {
          let complaint = try row.complaint(in: TemporaryFolder())
          precondition(complaint == nil, "\(row.id): \(complaint ?? "")")
        }
      }
      precondition(growth < 64 << 20, "\(growth) bytes")
    }
  }

  @Test func `a vocabulary of 250,000 strings costs nothing until it is read`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = folder.path("vocabulary.gguf")
      try Vocabulary.write(to: folder.file("vocabulary.gguf"))
      let growth = try PeakMemory.growth { try Vocabulary.check(GGUFFile.open(path)) }
      // The file itself, whose pages count as resident once they were looked at, and little else.
      precondition(growth < Vocabulary.fileBytes + 1 << 20, "\(growth) bytes")
      precondition(growth < 8 << 20, "\(growth) bytes")
    }
  }

  @Test func `K10: a million keys open, in memory that grows with the file alone`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      var builder = FileBuilder()
      builder.header(keys: 1_000_000)
      for index in 0..<1_000_000 {
        builder.key(String(index, radix: 36), .uint8)
        builder.u8(UInt8(truncatingIfNeeded: index))
      }
      let path = try folder.write(builder.bytes)
      let growth = try PeakMemory.growth {
        let model = try GGUFFile.open(path)
        precondition(model.metadata.entries.count == 1_000_000)
        precondition(model.metadata[String(999_999, radix: 36)] == .uint8(63))
      }
      precondition(growth < 20 * builder.bytes.count, "\(growth) bytes")
    }
  }
}

/// A file whose metadata is one long list of tokens.
private enum Vocabulary {
  static let count = 250_000
  static let fileBytes = 24 + 33 + count * (8 + 12)

  static func write(to url: URL) throws {
    var builder = FileBuilder()
    builder.header(keys: 1)
    builder.arrayKey("tokenizer.tokens", of: .string, count: UInt64(count))
    for index in 0..<count { builder.string("token \(100_000 + index)") }
    try builder.write(to: url)
  }

  static func check(_ model: GGUFFile) throws {
    guard let tokens = model.metadata["tokenizer.tokens"]?.elements else {
      preconditionFailure("no tokens")
    }
    precondition(tokens.count == count && tokens.elementType == .string)
    precondition(tokens.strings(10) == (0..<10).map { "token \(100_000 + $0)" })
    precondition(tokens.strings(0).isEmpty && tokens.strings(-1).isEmpty)
  }
}
