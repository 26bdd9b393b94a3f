// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Files that another program changes while they are read.
@Suite("Sources that change") struct LostSourceTests {
  let folder: TemporaryFolder
  private static let layers = 6
  private let words = [
    "requantize", "in.gguf", "out.gguf", "--type", RunningTool.slowType, "--imatrix", "m.gguf",
    "-t", "1",
  ]

  init() throws {
    folder = try TemporaryFolder()
    try ModelFile.long(layers: Self.layers).write(to: folder.path("in.gguf"))
    let entries = try (0..<Self.layers).map { layer in
      try ImportanceMatrix.Entry(
        name: "blk.\(layer).ffn_up.weight", rowWeights: 2048,
        sums: (0..<2048).map { 1 + Float($0 % 7) }, counts: [1])
    }
    try ImportanceMatrix(
      path: "m", datasets: [], chunkCount: 1, chunkSize: 512, entries: entries
    ).write(to: folder.path("m.gguf"))
  }

  private func run(_ change: () throws -> Void) throws -> String {
    let run = try RunningTool(words, in: folder)
    try run.wait("a piece was done") { folder.finishedPieces() >= 1 }
    try change()
    #expect(run.status() == 1)
    #expect(!Disk.exists(folder.path("out.gguf")))
    return run.errors
  }

  @Test func `a model that becomes shorter is one sentence`() throws {
    let errors = try run {
      try FileHandle(forWritingTo: folder.file("in.gguf")).truncate(atOffset: 10_000)
    }
    #expect(errors.contains("in.gguf: byte "), "\(errors)")
    #expect(errors.contains("found the end of the file"), "\(errors)")
  }

  @Test func `a mapped file that becomes shorter is one sentence`() throws {
    let errors = try run {
      try FileHandle(forWritingTo: folder.file("m.gguf")).truncate(atOffset: 100)
    }
    #expect(errors.contains("Error: m.gguf: expected the bytes present"), "\(errors)")
    #expect(errors.contains("kept the unfinished out.gguf"), "\(errors)")
  }

  @Test(arguments: ["in.gguf", "m.gguf"])
  func `a file that is written over does not get into the output`(name: String) throws {
    let errors = try run {
      let handle = try FileHandle(forWritingTo: folder.file(name))
      try handle.seek(toOffset: 5000)
      try handle.write(contentsOf: Data([0]))
      try handle.close()
    }
    #expect(errors.contains("\(name): the file was changed while it was read"), "\(errors)")
  }

  @Test func `a model that is replaced by renaming is read to its end`() throws {
    let run = try RunningTool(words, in: folder)
    try run.wait("a piece was done") { folder.finishedPieces() >= 1 }
    try ModelFile.everyType.write(to: folder.path("in.gguf"))
    #expect(run.status() == 0, "\(run.errors)")
  }
}
