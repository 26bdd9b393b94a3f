// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("ImportanceMatrix")
struct ImportanceMatrixTests {
  private let folder: TemporaryFolder
  private let gguf: ImportanceMatrix
  private let legacy: ImportanceMatrix
  private let ggufPath: String

  init() throws {
    folder = try TemporaryFolder()
    ggufPath = try Zstd.expand("tiny-moe.imatrix.gguf", into: folder.url).path
    gguf = try ImportanceMatrix.read(ggufPath)
    legacy = try ImportanceMatrix.read(
      Zstd.expand("tiny-moe.imatrix.dat", into: folder.url).path)
  }

  @Test func `both forms tell what they were made from`() {
    #expect(gguf.chunkCount == 200)
    #expect(gguf.chunkSize == 512)
    #expect(gguf.datasets.map { $0.hasSuffix("c4cal.txt") } == [true])
    #expect(legacy.chunkCount == 200)
    #expect(legacy.chunkSize == nil)
    #expect(legacy.datasets == gguf.datasets)
    #expect(Set(legacy.entries.map(\.name)) == Set(gguf.entries.map(\.name)))
  }

  @Test func `both forms give the same means`() throws {
    for entry in gguf.entries {
      let older = try #require(legacy[entry.name])
      try #require(older.rowWeights == entry.rowWeights && older.expertCount == entry.expertCount)
      #expect(older.counts == nil && older.uncoveredExperts.isEmpty)
      for expert in 0..<entry.expertCount {
        let pairs = zip(
          try #require(entry.values(expert: expert)), try #require(older.values(expert: expert)))
        let worst = pairs.map { abs($0 - $1) / max($0, .leastNormalMagnitude) }.max() ?? 1
        #expect(worst < 3e-7, "\(entry.name), expert \(expert)")
      }
    }
  }

  @Test func `experts are counted apart`() throws {
    let entry = try #require(gguf["blk.0.ffn_down_exps.weight"])
    #expect(entry.expertCount == 8 && entry.rowWeights == 256)
    #expect(entry.counts?.prefix(2) == [24178, 22988])
    let first = try #require(entry.values(expert: 1)?.first)
    #expect(first.isFinite && first > 0)
  }

  @Test func `what is written is what llama-imatrix writes`() throws {
    let copy = folder.path("copy.gguf")
    try gguf.write(to: copy)
    #expect(try Data(contentsOf: URL(filePath: copy)) == Data(contentsOf: URL(filePath: ggufPath)))
  }

  @Test func `the older form can be written as the newer one`() throws {
    let copy = folder.path("converted.gguf")
    try legacy.write(to: copy)
    let converted = try ImportanceMatrix.read(copy)
    for entry in legacy.entries {
      let other = try #require(converted[entry.name])
      for expert in 0..<entry.expertCount {
        #expect(entry.values(expert: expert) == other.values(expert: expert))
      }
    }
  }

  @Test func `merging adds sums and counts`() throws {
    let double = try gguf.merging(gguf)
    #expect(double.chunkCount == 400 && double.chunkSize == 512 && double.datasets.count == 1)
    let name = "blk.1.ffn_up_exps.weight"
    let (once, twice) = (try #require(gguf[name]), try #require(double[name]))
    #expect(twice.counts == once.counts?.map { 2 * $0 })
    #expect(twice.values(expert: 3) == once.values(expert: 3))
  }

  @Test func `matrices of different scales are not merged`() throws {
    #expect {
      _ = try gguf.merging(legacy)
    } throws: { "\($0)".contains("without counts") || "\($0)".contains("found 256 × 1 without") }
  }
}

@Suite("ImportanceMatrix: experts and layouts")
struct ImportanceLookupTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let merged = "blk.2.ffn_up_exps.weight"

  private func matrix(_ entries: [ImportanceMatrix.Entry]) throws -> ImportanceMatrix {
    try ImportanceMatrix(
      path: "test", datasets: [], chunkCount: nil, chunkSize: nil, entries: entries)
  }

  private func tensor(_ name: String, _ dimensions: [Int]) throws -> TensorInfo {
    var model = ModelFile()
    model.add(name, dimensions, .F16)
    try model.write(to: folder.path("m.gguf"))
    return try GGUFFile.open(folder.path("m.gguf")).tensor(name)
  }

  @Test func `experts that were never used have no values and are reported`() throws {
    let entry = try ImportanceMatrix.Entry(
      name: merged, rowWeights: 2, sums: [2, 4, 0, 0, 9, 3], counts: [2, 0, 3])
    #expect(entry.uncoveredExperts == [1])
    #expect(entry.values(expert: 0) == [1, 2])
    #expect(entry.values(expert: 1) == nil)
    #expect(entry.values(expert: 2) == [3, 1])
  }

  @Test func `a tensor of one expert finds its part of a merged entry`() throws {
    let matrix = try matrix([
      .init(name: merged, rowWeights: 2, sums: [2, 4, 6, 8], counts: [2, 2])
    ])
    let found = try #require(matrix.entry(forTensor: "blk.2.ffn_up.1.weight"))
    #expect(found.expert == 1 && found.entry.name == merged)
    let fitted = try matrix.entry(fitting: tensor("blk.2.ffn_up.1.weight", [2, 5]))
    #expect(fitted?.expertCount == 1)
    #expect(fitted?.values(expert: 0) == [3, 4])
    #expect(matrix.entry(forTensor: "blk.2.ffn_up.2.weight") == nil)
    #expect(try matrix.entry(fitting: tensor("blk.2.ffn_up.2.weight", [2, 5])) == nil)
  }

  @Test func `a merged tensor gathers entries of single experts`() throws {
    let matrix = try matrix([
      .init(name: "blk.2.ffn_up.0.weight", rowWeights: 2, sums: [2, 4], counts: [2]),
      .init(name: "blk.2.ffn_up.2.weight", rowWeights: 2, sums: [1, 3], counts: [1]),
    ])
    let found = try #require(matrix.entry(forTensor: merged))
    #expect(found.expert == nil && found.entry.expertCount == 3)
    #expect(found.entry.uncoveredExperts == [1])
    let fitted = try #require(try matrix.entry(fitting: tensor(merged, [2, 5, 4])))
    #expect(fitted.uncoveredExperts == [1, 3])
    #expect(fitted.values(expert: 2) == [1, 3])
  }

  @Test func `gate and up stand in for each other and for both fused`() throws {
    let matrix = try matrix([
      .init(name: merged, rowWeights: 2, sums: [2, 4, 6, 8], counts: [2, 2])
    ])
    #expect(matrix.entry(forTensor: "blk.2.ffn_gate_up_exps.weight")?.entry.name == merged)
    #expect(matrix.entry(forTensor: "blk.2.ffn_gate.0.weight")?.expert == 0)
    #expect(matrix.entry(forTensor: "blk.2.ffn_down_exps.weight") == nil)
    #expect(matrix.entry(forTensor: "output.weight") == nil)
  }

  /// llama.cpp counts once for the heads of a tensor.
  @Test func `heads with one count are cut apart, and added to heads with counts`() throws {
    let name = "blk.0.attn_v_b.weight"
    let joint = try matrix([
      .init(name: name, rowWeights: 6, sums: [2, 4, 6, 8, 10, 12], counts: [2])
    ])
    let fitted = try #require(try joint.entry(fitting: tensor(name, [2, 5, 3])))
    #expect(fitted.counts == [2, 2, 2])
    #expect((0..<3).map(fitted.values(expert:)) == [[1, 2], [3, 4], [5, 6]])
    let apart = try matrix([
      .init(name: name, rowWeights: 2, sums: [1, 1, 2, 2, 3, 3], counts: [2, 2, 2])
    ])
    for merged in [try joint.merging(apart), try apart.merging(joint)] {
      let entry = try #require(merged[name])
      #expect(entry.counts == [4, 4, 4])
      #expect((0..<3).map(entry.values(expert:)) == [[0.75, 1.25], [2, 2.5], [3.25, 3.75]])
    }
    #expect(throws: QuantError.self) { try apart.entry(fitting: tensor(name, [3, 5, 2])) }
  }

  @Test func `sizes that do not fit the tensor are named`() throws {
    let matrix = try matrix([
      .init(name: "output.weight", rowWeights: 3, sums: [1, 2, 3], counts: [1])
    ])
    #expect {
      _ = try matrix.entry(fitting: tensor("output.weight", [4, 2]))
    } throws: { "\($0)".contains("output.weight") && "\($0)".contains("4 × 1") }
  }
}
