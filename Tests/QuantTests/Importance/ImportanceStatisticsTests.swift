// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("ImportanceMatrix: statistics, conversion, merging") struct ImportanceStatisticsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func matrix(
    _ entries: [ImportanceMatrix.Entry], chunks: Int? = 3, size: Int? = 8, texts: [String] = []
  ) throws -> ImportanceMatrix {
    try ImportanceMatrix(
      path: "m", datasets: texts, chunkCount: chunks, chunkSize: size, entries: entries)
  }

  private func entry(
    _ name: String, _ sums: [Float], counts: [Float] = [2]
  ) throws -> ImportanceMatrix.Entry {
    try ImportanceMatrix.Entry(
      name: name, rowWeights: sums.count / counts.count, sums: sums, counts: counts)
  }

  @Test func `figures of a tensor are those of their definitions`() throws {
    let found = ImportanceStatistics(
      try matrix([
        entry("blk.1.attn_q.weight", [2, 2, 0, 12]), entry("blk.0.attn_q.weight", [2, 2, 2, 2]),
        entry("output.weight", [16, 0]),
      ]))
    let names = found.tensors.map(\.name)
    #expect(names == ["blk.0.attn_q.weight", "blk.1.attn_q.weight", "output.weight"])
    let (even, uneven, output) = (found.tensors[0], found.tensors[1], found.tensors[2])
    #expect(even.sum == 4 && uneven.sum == 8 && output.sum == 8 && even.share == 0.2)
    #expect(even.entropy == 2 && even.evenness == 1 && even.zDensity == 0 && even.deviation == 0)
    // Means of 1, 1, 0 and 6: shares of 1/8, 1/8 and 3/4.
    let entropy = 2 * 0.125 * 3 - 0.75 * log2(0.75)
    #expect(abs(uneven.entropy - entropy) < 1e-12 && abs(uneven.evenness - entropy / 2) < 1e-12)
    #expect(uneven.activeShare == 0.75 && uneven.zDensity == 0.25 && uneven.most == 6)
    let cosine = try #require(uneven.cosine)
    #expect(abs(cosine - 8 / (2 * 38.0.squareRoot())) < 1e-12)
    #expect(even.cosine == nil && output.cosine == nil && output.layer == nil)
    #expect(found.layers.map(\.layer) == [0, 1] && found.layers.map(\.share) == [0.2, 0.4])
  }

  @Test func `experts have their counts, and layers apart have no cosine`() throws {
    let experts = try entry("blk.3.ffn_up_exps.weight", [1, 2, 0, 0, 4, 5], counts: [4, 0, 1])
    let other = try entry("blk.1.ffn_up_exps.weight", [1, 2, 0, 0, 4, 5], counts: [4, 0, 1])
    let found = ImportanceStatistics(try matrix([experts, other]))
    #expect(found.tensors.allSatisfy { $0.expertCounts == [4, 0, 1] && $0.cosine == nil })
    #expect(found.tensors.allSatisfy { $0.uncoveredExperts == [1] && $0.columns == 6 })
  }

  @Test func `chunks of two sizes make up all tokens`() throws {
    let name = "blk.0.attn_q.weight"
    let a = try matrix([entry(name, [1, 2])], chunks: 4, size: 128, texts: ["a", "b"])
    let b = try matrix([entry(name, [1, 2])], chunks: 4, size: 256, texts: ["b", "c"])
    let sum = try a.merging(b)
    #expect(sum.chunkSize == 128 && sum.chunkCount == 12 && sum.datasets == ["a", "b", "c"])
    let odd = try a.merging(matrix([entry(name, [1, 2])], chunks: 5, size: 96))
    #expect(odd.chunkSize == 32 && odd.chunkCount == 4 * 4 + 5 * 3)
    try sum.write(to: folder.path("sum.gguf"))
    let read = try ImportanceMatrix.read(folder.path("sum.gguf"))
    #expect(read.chunkSize == 128 && read.chunkCount == 12)
    // The older form has room for one name, which holds all.
    try sum.writeLegacy(to: folder.path("sum.dat"))
    #expect(try ImportanceMatrix.read(folder.path("sum.dat")).datasets == ["a, b, c"])
  }

  @Test func `the older form gets counts, and means stay`() throws {
    let merged = "blk.0.ffn_down_exps.weight"
    let made = try matrix(
      [
        entry("blk.0.attn_q.weight", [3, 6], counts: [3]),
        entry(merged, [1, 2, 3, 4, 0, 0], counts: [1, 2, 0]),
      ], chunks: 2)
    try made.writeLegacy(to: folder.path("a.dat"))
    let old = try ImportanceMatrix.read(folder.path("a.dat"))
    #expect(old.lacksCounts && !made.lacksCounts)
    let counted = try old.counted(chunkSize: 64, like: made)
    #expect(counted.chunkSize == 64 && counted[merged]?.expertCount == 3)
    #expect(counted[merged]?.counts == [128, 128, 0])
    for expert in 0..<3 {
      #expect(counted[merged]?.values(expert: expert) == made[merged]?.values(expert: expert))
    }
    let sum = try ImportanceMatrix.merging([old, made, old], chunkSize: 64)
    #expect(sum[merged]?.counts == [257, 258, 0])
    #expect(sum.chunkSize == 8 && sum.chunkCount == 2 * 8 + 2 + 2 * 8)
    let twice = try ImportanceMatrix.merging([old, old])
    #expect(twice.lacksCounts && twice.chunkCount == 4)
  }

  @Test func `ones in the place of an expert that was never reached are not added`() throws {
    let (router, merged) = ("blk.0.ffn_gate_inp.weight", "blk.0.ffn_up_exps.weight")
    var bytes = Int32(2).littleEndianBytes
    for (name, values) in [(router, [3, 5] as [Float]), (merged, [1, 1, 3, 5])] {
      bytes += Int32(name.utf8.count).littleEndianBytes + Array(name.utf8)
      bytes += [Int32(1), Int32(values.count)].littleEndianBytes
      bytes += values.map(\.bitPattern).littleEndianBytes
    }
    let old = try ImportanceMatrix.read(folder.write(bytes, "ones.dat"))
    #expect(old[merged]?.uncoveredExperts == [0])
    let made = try matrix([entry(merged, [2, 6, 4, 4], counts: [2, 2])])
    let sum = try ImportanceMatrix.merging([old, made], chunkSize: 8)
    #expect(sum[merged]?.values(expert: 0) == [1, 3])
    #expect(sum[merged]?.values(expert: 1) == [2.8, 4.4])
  }
}
