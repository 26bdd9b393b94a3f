// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

/// An architecture's name stands in its own file alone.
@Suite("Names of architectures in the sources") struct ArchitectureNamesTests {
  /// Files that name some on purpose, beside those of families, which say what some architectures keep.
  static let exempt: Set<String> = [
    // llama.cpp's rules on white space, which look for "phi3" in a model's name.
    "SpecialTokenRules.swift",
    // Tokenizers, their cuts and templates of chats have the same names.
    "TokenizerKind.swift", "Tokenizer.swift", "PreTokenizer.swift", "ChatTemplate.swift",
  ]

  @Test func `no other file has one as a string`() throws {
    let root = Paths.root.appending(path: "Sources")
    let names = ArchitectureRegistry.all.flatMap { type in
      type.names + type.modelTypes
    }
    var found: Set<String> = []
    let files = try FileManager.default.subpathsOfDirectory(atPath: root.path)
    for file in files
    where file.hasSuffix(".swift") && !file.contains("/Architectures/")
      && !file.contains("/Memory/Model/Families/")
    {
      let url = root.appending(path: file)
      let text = try String(contentsOf: url, encoding: .utf8)
      if names.contains(where: { text.contains("\"\($0)\"") }) {
        found.insert(url.lastPathComponent)
      }
    }
    #expect(found == Self.exempt)
  }
}
