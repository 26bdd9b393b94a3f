// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Folders of tiny models with the file that llama.cpp's converter made of each.
@Suite(
  "Configurations against the reference converter",
  .enabled(if: Paths.shared != nil, "needs the models in ../shared"))
struct ReferenceConversionTests {
  private static var folder: URL? { Paths.shared?.appending(path: "conversion") }

  /// Those whose file follows from nothing but the configuration: not options of the converter that
  /// change the tensors, and not NVFP4, whose scales become tensors of their own.
  static let folders: [String] = {
    guard let folder else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().filter { name in
      let path = folder.appending(path: name)
      let config = path.appending(path: "hf/config.json").path
      guard FileManager.default.fileExists(atPath: config), expected(path) != nil else {
        return false
      }
      let options =
        (try? String(contentsOf: path.appending(path: "case.json"), encoding: .utf8)) ?? ""
      return !["--mtp", "--fuse", "--vocab-only"].contains(where: options.contains)
        && !name.hasPrefix("nvfp4")
    }
  }()

  private static func expected(_ folder: URL) -> URL? {
    ["expected.gguf", "expected-00001-of-00003.gguf"].map { folder.appending(path: $0) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  @Test(arguments: folders)
  func `tensors and keys are those of the reference`(name: String) throws {
    let folder = try #require(Self.folder).appending(path: name)
    let config = folder.appending(path: "hf/config.json")
    let header = try ArchitectureRegistry.header(
      ofConfiguration: String(contentsOf: config, encoding: .utf8), file: config.path)
    let file = try GGUFFile.open(try #require(Self.expected(folder)).path)
    let made = Dictionary(
      uniqueKeysWithValues: header.tensors.map { ($0.name, $0.dimensions) })
    let reference = Dictionary(
      uniqueKeysWithValues: file.tensors.map { ($0.name, $0.dimensions) })
    #expect(Set(made.keys) == Set(reference.keys))
    for (name, dimensions) in reference where made[name] != nil {
      #expect(made[name] == dimensions, "\(name)")
    }
    for entry in header.metadata.entries {
      let value = try #require(file.metadata[entry.key], "\(entry.key)")
      #expect(value.type == entry.value.type, "\(entry.key)")
      if let number = entry.value.number, case .float32 = value {
        #expect(abs(number - (value.number ?? 0)) <= 1e-6 * abs(number), "\(entry.key)")
      } else if let array = entry.value.elements {
        #expect(array.values() == value.elements?.values(), "\(entry.key)")
      } else {
        #expect(entry.value == value, "\(entry.key)")
      }
    }
    // All that memory depends on.
    let shape = { (metadata: Metadata) in
      try MemoryModel(
        name: "model", metadata: metadata, tensors: header.tensors, fileBytes: nil
      ).shape
    }
    #expect(try shape(header.metadata) == shape(file.metadata.withoutVocabulary))
  }
}

extension Metadata {
  /// Without the tokens, whose number may differ from the rows of a cut embedding.
  fileprivate var withoutVocabulary: Metadata {
    var metadata = self
    for key in keys(like: "tokenizer.*") { metadata[key] = nil }
    return metadata
  }
}
