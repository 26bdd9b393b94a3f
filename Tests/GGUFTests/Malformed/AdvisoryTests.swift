// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// What other readers of GGUF were attacked with, by the names under which it was published. Most are
/// rows of the survey's table; Tests/gguf-toolTests has those that take a whole command.
@Suite("Published attacks on readers") struct AdvisoryTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Holds rows of the table to what they say must happen: those of an id, or of ids that begin alike
  /// if the text ends in `…`.
  private func hold(
    _ ids: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for id in ids {
      let rows = MalformedCase.all.filter {
        id.hasSuffix("…") ? $0.id.hasPrefix(id.dropLast()) : $0.id == id
      }
      #expect(!rows.isEmpty, "no row \(id)", sourceLocation: sourceLocation)
      for row in rows {
        let complaint = try row.complaint(in: folder)
        #expect(complaint == nil, "\(row.id)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test("CVE-2024-23496 (TALOS-2024-1913): a string's length that wraps when one is added")
  func stringLength() throws { try hold("K7 string length 2^64 - 1", "K1 key length…") }

  @Test("CVE-2024-21802 (TALOS-2024-1914): more dimensions than there is room for")
  func dimensions() throws { try hold("T2 5 dimensions", "T2 9 dimensions", "T2 4294967295…") }

  @Test("CVE-2024-21836 (TALOS-2024-1915): a number of tensors whose product wraps")
  func tensorProduct() throws { try hold("H4 2^64 - 1 tensors", "H4 0x55555555555555a tensors") }

  @Test("CVE-2024-21825 (TALOS-2024-1912): a number of strings whose product wraps")
  func stringArray() throws { try hold("K6 2^61 + 1 of string", "K6 2^64 - 1 of string") }

  @Test("CVE-2024-23605 (TALOS-2024-1916): a number of keys whose product wraps")
  func keyProduct() throws { try hold("H4 2^64 - 1 keys", "H4 2^63 keys") }

  @Test("CVE-2024-25664: a number of keys, 0x55555555555555a in the published file")
  func keyCount() throws { try hold("H4 0x55555555555555a keys", "H4 2^34 keys in a hole") }

  @Test("CVE-2024-25665: a string of 2^64 - 1 bytes")
  func longestString() throws {
    try hold("K7 string length 2^64 - 1", "K7 a string of 2^33 bytes in a hole")
  }

  @Test("CVE-2024-25666: a number of tensors")
  func tensorCount() throws { try hold("H4 2^63 tensors", "H4 2^34 tensors in a hole") }

  @Test("CVE-2024-25667: an array of numbers longer than the file, and one of an unknown type")
  func numberArray() throws {
    try hold("K6 2^61 + 1 of uint64", "K6 2^63 of float32", "K5 element type…")
  }

  @Test("CVE-2024-25668: an array of strings longer than the file")
  func stringCount() throws {
    try hold("K6 2^63 of string", "K7 third string past the end", "K6 17 of string")
  }

  @Test("CVE-2024-32878: a tensor table that ends in the middle, with entries never filled in")
  func unfinishedTable() throws {
    let whole = FileBuilder.file {
      $0.header(tensors: 3)
      for (place, name) in ["a", "b", "c"].enumerated() {
        $0.tensor(name, offset: UInt64(32 * place))
      }
    }
    for count in 24..<whole.bytes.count {
      let path = try folder.write(Array(whole.bytes[..<count]))
      #expect(throws: FileError.self) { try GGUFFile.open(path, requiring: .headerOnly) }
    }
  }

  @Test("CVE-2025-49847 and CVE-2025-52566: a token longer than 2^31 bytes, negative as an Int32")
  func longToken() throws {
    for (length, size, words) in [
      (1 << 31, 1 << 33, "at most 67108864"), (1 << 32 - 1, 1 << 33, "at most 67108864"),
      (1 << 26, nil, "before the end of the file"),
    ] as [(UInt64, Int?, String)] {
      let file = FileBuilder.file {
        $0.header(keys: 1)
        $0.arrayKey("tokenizer.ggml.tokens", of: .string, count: 1)
        $0.u64(length)
      }
      try file.write(to: folder.file("model.gguf"), size: size)
      let error = #expect(throws: FileError.self) {
        try GGUFFile.open(folder.path("model.gguf"))
      }
      #expect(error?.description.contains(words) == true, "\(length)")
    }
  }

  @Test("CVE-2025-53630 (GHSA-vgg9-87g3-85w8): sizes of tensors whose padded sum wraps")
  func sumOfSizes() throws { try hold("T8 sum of sizes wraps", "T4 padding wraps") }

  @Test("CVE-2026-27940 (GHSA-3p4r-fq3f-q74v): a sum that wraps only with what is added to it")
  func sumWithOverhead() throws {
    // One tensor short of 2^63 by less than what the header takes before it.
    for short in [64, 128, 256, 528, 1 << 20] as [UInt64] {
      let file = FileBuilder.file {
        $0.header(tensors: 2)
        $0.tensor("a", [32], type: .I8)
        $0.tensor("b", [1 << 63 - short], type: .I8, offset: 32)
        $0.pad()
        $0.zeros(1024)
      }
      let path = try folder.write(file.bytes)
      let error = #expect(throws: FileError.self) { try GGUFFile.open(path) }
      #expect(error?.description.contains("tensor \"b\"") == true, "\(short)")
    }
  }

  @Test("CVE-2026-33298 (GHSA-96jg-mvhq-q7q7): dimensions whose product wraps to a small size")
  func productOfDimensions() throws {
    try hold("T4 product of…", "T4 bytes…", "T3 dimension 0 hiding a product that wraps")
  }

  @Test(
    "oss-security 2026-05-15, V-01 to V-06: alignment, lengths, dimensions, types, block size 0")
  func openSourceSecurityList() throws {
    try hold(
      "K9 alignment…", "K1 key length…", "T2…", "K4 value type…", "K5 element type…", "T5 type…")
  }

  @Test(
    "ggml pull request 1516: 160 bytes that claim gigabytes, and an alignment of 2^30",
    .enabled(if: !Sanitizer.isOn, "a sanitizer takes memory of its own"))
  func smallFileOfLargeClaims() async throws {
    try hold("K9 alignment 1073741824")
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let growth = try PeakMemory.growth {
        for type in MetadataType.allCases {
          var builder = FileBuilder()
          builder.header(keys: 1)
          builder.arrayKey("a", of: type, count: 1 << 30)
          builder.zeros(160 - builder.bytes.count)
          let path = try folder.write(builder.bytes)
          precondition((try? GGUFFile.open(path)) == nil, "\(type)")
        }
      }
      precondition(growth < 16 << 20, "\(growth) bytes")
    }
  }

  @Test(
    "llama.cpp pull request 27188: 43 bytes with an array of 2^63 elements, read without an end")
  func endlessArray() throws { try hold("K6 2^63 of uint8", "K6 2^63 of bool", "K6 2^63 of array") }

  @Test("llama.cpp pull request 26318: general.alignment of another type")
  func typeOfAlignment() throws {
    try hold("K9 alignment as int32", "K9 alignment as a string", "K9 alignment as an array")
  }

  @Test("gguf-tools issue 25: more than 8 dimensions, which only an assertion forbade")
  func assertedDimensions() throws { try hold("T2 8 dimensions", "T2 9 dimensions") }

  @Test("CVE-2024-39720: a file of 4 bytes")
  func fourBytes() throws {
    for text in ["GGUF", "FUGG", "GGML", "\0\0\0\0"] {
      let path = try folder.write(Array(text.utf8))
      #expect(throws: FileError.self) { try GGUFFile.open(path) }
    }
  }

  @Test("CVE-2024-12055: numbers that make a reader go on beyond the end of the file")
  func beyondTheEnd() throws {
    try hold("K7 string value longer than the file", "K7 number cut short", "D1 one byte short")
  }

  @Test("CVE-2025-0312: a tensor without weights, whose bytes nobody made")
  func noWeights() throws {
    let file = FileBuilder.file {
      $0.header(tensors: 1)
      $0.tensor("token_embd.weight", [0, 256])
      $0.pad()
    }
    let model = try GGUFFile.open(folder.write(file.bytes))
    let tensor = try model.tensor("token_embd.weight")
    #expect(tensor.weightCount == 0)
    #expect(try model.bytes(of: tensor).isEmpty)
  }

  @Test("CVE-2025-0315: counts that memory is set aside for before anything is read")
  func unlimitedMemory() throws { try hold("H4…", "K6 2^64 - 1…") }

  @Test("CVE-2025-0317: an alignment of zero, to be divided by")
  func alignmentOfZero() throws { try hold("K9 alignment 0") }

  @Test("CVE-2025-66959: lengths that are taken at their word")
  func uncheckedLengths() throws {
    try hold("K1 key longer than the file", "T1 name length 2^64 - 1", "K7 string in an array…")
  }

  @Test("CVE-2025-66960: strings of version 1, whose lengths have another size")
  func versionOne() throws { try hold("H3 version 1", "H3 version 1, big-endian") }

  @Test(
    "CVE-2026-7482 and CVE-2026-5757: a tensor that ends beyond its file is refused when opened")
  func beyondTheFile() throws {
    try hold("D2 second tensor beyond the file", "D1 one byte short", "T7 offset 2^64 - 1")
  }

  @Test(
    "huggingface.js pull request 2028: lengths, 2^32 - 1 dimensions, arrays in arrays, bad types")
  func javaScriptReader() throws {
    try hold(
      "K1 key length 2^64 - 1", "T2 4294967295 dimensions", "K5 arrays 100,000 deep",
      "K5 element type 13")
  }
}
