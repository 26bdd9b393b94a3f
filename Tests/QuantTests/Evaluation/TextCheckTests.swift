// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("Files that are not text") struct TextCheckTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func complaint(_ bytes: [UInt8], _ name: String = "text.txt") throws -> String? {
    let corpus = try Corpus(paths: [folder.write(bytes, name)])
    do {
      _ = try corpus.text(for: .llama)
      return nil
    } catch {
      return error.description
    }
  }

  private static let words = String(repeating: "Größe, naïve und Œuvre – words. ", count: 400)

  @Test func `UTF-16 is named, whatever its order and with or without a mark`() throws {
    let units = Array(Self.words.utf16)
    let little = units.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    for bytes in [little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big] {
      #expect(try complaint(bytes)?.contains("found UTF-16 text: convert it to UTF-8") == true)
      #expect(try complaint(bytes, "a.jsonl")?.contains("found UTF-16 text") == true)
    }
    let packed = try Compressing.gzip([0xFF, 0xFE] + little)
    #expect(try complaint(packed, "a.txt.gz")?.contains("UTF-16") == true)
  }

  @Test func `models, archives and other data are refused`() throws {
    let model = try TinyLlama().file().fileBytes()
    #expect(try complaint(model)?.contains("found a GGUF file") == true)
    #expect(try complaint(try Compressing.zstd(model))?.contains("found a GGUF file") == true)
    #expect(try complaint([0x50, 0x4B, 3, 4, 0, 0, 1, 2])?.contains("a ZIP archive") == true)
    let pointer = Array("version https://git-lfs.github.com/spec/v1\n".utf8)
    #expect(try complaint(pointer)?.contains("a Git LFS pointer") == true)
    var random = SeededGenerator(seed: 5)
    let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(try complaint(noise)?.contains("are not of such text") == true)
    // Text at first, and then something else.
    let late = Array(String(repeating: "text ", count: 200_000).utf8) + noise + noise + noise
    #expect(try complaint(late + Array(repeating: 0, count: 300_000)) != nil)
  }

  @Test func `texts are read, also those that begin like other files`() throws {
    for text in [
      "GGUF is a format.", "PAR1 and GGML are words.", "BZh", "<html>a page</html>", "{",
    ] {
      #expect(try complaint(Array(text.utf8)) == nil, "\(text)")
    }
    let latin = Self.words.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
    #expect(try complaint(latin) == nil)
    #expect(try complaint(Array(CorpusTesting.text(seed: 3, pieces: 100_000).utf8)) == nil)
  }
}
