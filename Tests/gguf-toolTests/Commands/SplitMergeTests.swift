// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool split and merge") struct SplitMergeTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  private func shards(_ options: String...) throws -> [String] {
    let outcome = try Tool.run(["split", model, folder.path("s"), "--json"] + options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    return try #require(json?["files"] as? [[String: Any]]).compactMap { $0["path"] as? String }
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test(arguments: [
    ["--split-max-size", "2M"], ["--split-max-tensors", "7"], [],
    ["--split-max-tensors", "9", "--no-tensor-first-split"],
  ])
  func `merging what was split restores the file`(_ options: [String]) throws {
    let outcome = try Tool.run(["split", model, folder.path("s.gguf"), "--json"] + options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let source = try GGUFFile.open(model)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.hasPrefix("s-0") }.sorted()
    let opened = try GGUFFile.open(folder.path(names[0]))
    #expect(opened.tensors.map(\.description) == source.tensors.map(\.description))
    #expect(opened.tensors(ofFile: 0).isEmpty == options.contains("--no-tensor-first-split"))
    let merged = try Tool.run(["merge", folder.path(names[0]), folder.path("m.gguf")])
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(try bytes(folder.path("m.gguf")) == bytes(model))
  }

  @Test func `shards under other names, in any order`() throws {
    let names = try shards("--split-max-tensors", "12")
    #expect(names.count > 2)
    var moved: [String] = []
    for (index, name) in names.enumerated() {
      moved.append(folder.path("blob\(index)"))
      try FileManager.default.moveItem(atPath: name, toPath: moved[index])
    }
    let merged = try Tool.run(["merge"] + moved.reversed() + [folder.path("m.gguf")])
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(try bytes(folder.path("m.gguf")) == bytes(model))
    let few = try Tool.run(["merge"] + moved.dropLast() + [folder.path("n.gguf")])
    #expect(few.status == 1 && few.errors.contains("split.count"))
    let twice = try Tool.run(["merge"] + moved.dropLast() + [moved[0], folder.path("n.gguf")])
    #expect(twice.status == 1 && twice.errors.contains("each number from 0"))
    #expect(!FileManager.default.fileExists(atPath: folder.path("n.gguf")))
  }

  @Test func `nothing that is read is overwritten`() throws {
    let names = try shards("--split-max-tensors", "12")
    let before = try names.map(bytes)
    for name in names {
      let outcome = try Tool.run(["merge", names[0], name])
      #expect(outcome.status == 1 && outcome.errors.contains("its own source"))
    }
    let again = try Tool.run([
      "split", names[0], folder.path("s"), "--split-max-tensors", "12",
    ])
    #expect(again.status == 1 && again.errors.contains("its own source"))
    #expect(try names.map(bytes) == before)
  }

  @Test func `a folder or a stream is no name for shards`() throws {
    let one = ["--shard", "1/2", "--split-max-size", "9M"]
    for (name, words) in [
      (".", one), ("-", one), ("..", ["--split-max-tensors", "30"]), ("./", one),
    ] {
      let run = try Tool.run(
        ["requantize", model, name, "--type", "COPY"] + words, in: folder.url)
      #expect(run.status == 1 && run.errors.contains("beginning of the shards' names"), "\(run)")
    }
    let run = try Tool.run(["split", model, "\(folder.url.path)/"])
    #expect(run.status == 1 && run.errors.contains("found a folder"), "\(run)")
    #expect(try folder.names(besides: ["tiny-moe-f16.gguf"]).isEmpty)
  }

  @Test func `shards without a file to write`() throws {
    let names = try shards("--split-max-tensors", "12")
    let run = try Tool.run(["merge"] + names)
    #expect(run.status == 64 && run.errors.contains("found the shards alone"), "\(run)")
  }

  @Test func `wrong arguments`() throws {
    #expect(try Tool.run(["merge", model]).status == 64)
    let both = ["--split-max-size", "1M", "--split-max-tensors", "3"]
    #expect(try Tool.run(["split", model, folder.path("s")] + both).status == 64)
    let header = try Tool.run([
      "requantize", model, folder.path("o.gguf"), "--type", "COPY", "--no-tensor-first-split",
    ])
    #expect(header.status == 64)
  }
}
