// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Each measures in a process of its own, where no other test runs and a trap is seen as one.
@Suite("Memory", .enabled(if: !Sanitizer.isOn, "a sanitizer takes memory of its own"))
struct MemoryTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

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

  @Test func `a vocabulary of 250,000 strings costs nothing until it is read`() async throws {
    var builder = FileBuilder()
    builder.header(keys: 1)
    builder.arrayKey("tokenizer.tokens", of: .string, count: 250_000)
    for index in 0..<250_000 { builder.string("token \(100_000 + index)") }
    try builder.write(to: folder.file("model.gguf"))
    await #expect(processExitsWith: .success) { [path = path as String] in
      let growth = try PeakMemory.growth {
        let tokens = try GGUFFile.open(path).metadata["tokenizer.tokens"]?.elements
        precondition(tokens?.count == 250_000 && tokens?.elementType == .string)
        precondition(tokens?.strings(10) == (0..<10).map { "token \(100_000 + $0)" })
        precondition(tokens?.strings(0) == [] && tokens?.strings(-1) == [])
      }
      // The pages of the file (5 MB) count as resident once they were looked at; little else may.
      precondition(growth < 7_000_000, "\(growth) bytes")
    }
  }

  @Test func `K10: a million keys open, in memory that grows with the file alone`() async throws {
    var builder = FileBuilder()
    builder.header(keys: 1_000_000)
    for index in 0..<1_000_000 {
      builder.key(String(index, radix: 36), .uint8)
      builder.u8(UInt8(truncatingIfNeeded: index))
    }
    try builder.write(to: folder.file("model.gguf"))
    await #expect(processExitsWith: .success) { [path = path as String] in
      let growth = try PeakMemory.growth {
        let model = try GGUFFile.open(path)
        precondition(model.metadata.entries.count == 1_000_000)
        precondition(model.metadata[String(999_999, radix: 36)] == .uint8(63))
      }
      precondition(growth < 200_000_000, "\(growth) bytes")
    }
  }
}
