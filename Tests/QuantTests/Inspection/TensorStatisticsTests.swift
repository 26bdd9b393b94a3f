// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("TensorStatistics")
struct TensorStatisticsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func measure(
    _ weights: [Float], order: ByteOrder = .little, values: Int = 16
  ) throws -> TensorStatistics {
    var model = ModelFile()
    let bytes = weights.flatMap { weight in
      let bits = order == .little ? weight.bitPattern : weight.bitPattern.byteSwapped
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }
    model.add("w", [weights.count], .F32, bytes: bytes)
    try model.write(to: folder.path("m.gguf"), order: order)
    let file = try GGUFFile.open(folder.path("m.gguf"))
    return try TensorStatistics.measure(file.tensor("w"), of: file, valueCount: values)
  }

  /// Numbers around 3 with a wide spread, more than two slabs of them.
  private var many: [Float] {
    var random = SeededGenerator(seed: 5)
    return (0..<2_500_000).map { _ in
      3 + Float.random(in: -1...1, using: &random) * Float.random(in: 0...1, using: &random)
    }
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `mean, deviation and range agree with the plain formulas`(order: ByteOrder) throws {
    let weights = many
    let found = try measure(weights, order: order)
    let mean = weights.reduce(0.0) { $0 + Double($1) } / Double(weights.count)
    let variance = weights.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    #expect(found.weightCount == weights.count)
    #expect(found.minimum == weights.min() && found.maximum == weights.max())
    #expect(abs(found.mean - mean) < 1e-9)
    #expect(abs(found.standardDeviation - (variance / Double(weights.count)).squareRoot()) < 1e-9)
    #expect(found.firstValues == Array(weights.prefix(16)))
    #expect(found.zeroCount == 0 && found.nonFiniteCount == 0)
  }

  @Test func `the histogram counts every weight once and nearly where it belongs`() throws {
    let weights = many
    let bins = try measure(weights).histogram
    #expect(bins.count == 16)
    #expect(bins.reduce(0) { $0 + $1.count } == weights.count)
    for bin in bins.dropFirst().dropLast() {
      let exact = weights.count { $0 >= bin.from && $0 < bin.to }
      #expect(abs(exact - bin.count) < weights.count / 50)
    }
  }

  @Test func `zeros and numbers that are none are counted apart`() throws {
    let found = try measure([0, -0.0, .nan, .infinity, -.infinity, 2, -4])
    #expect(found.zeroCount == 2)
    #expect(found.nonFiniteCount == 3)
    #expect(found.minimum == -4 && found.maximum == 2)
    #expect(found.mean == -0.5)
    #expect(found.histogram.reduce(0) { $0 + $1.count } == 4)
  }

  @Test func `tensors without any finite weight have no range`() throws {
    let found = try measure([.nan, .infinity])
    #expect(found.minimum == nil && found.maximum == nil && found.histogram.isEmpty)
    let empty = try measure([])
    #expect(empty.weightCount == 0 && empty.firstValues.isEmpty)
  }

  @Test func `one value alone is one bin`() throws {
    let found = try measure([7, 7, 7], values: 2)
    #expect(found.histogram.map(\.count) == [3] && found.histogram.first?.from == 7)
    #expect(found.firstValues == [7, 7])
    #expect(found.standardDeviation == 0)
  }

  @Test func `values at the ends of the range do not overflow`() throws {
    let found = try measure([-.greatestFiniteMagnitude, .greatestFiniteMagnitude, 0])
    #expect(found.histogram.reduce(0) { $0 + $1.count } == 3)
    #expect(found.standardDeviation.isFinite)
  }
}

@Suite("ImportanceSummary")
struct ImportanceSummaryTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `both forms are recognised by their content`() throws {
    for (name, form) in [("tiny-moe.imatrix.gguf", "gguf"), ("tiny-moe.imatrix.dat", "dat")] {
      let path = try Zstd.expand(name, into: folder.url).path
      #expect(try ImportanceMatrix.isImportanceMatrix(atPath: path))
      let summary = ImportanceSummary(try ImportanceMatrix.read(path))
      #expect(summary.form == form && summary.entries.count == 32)
      #expect(summary.uncoveredCount == 0 && summary.entriesWithGaps.isEmpty)
    }
  }

  @Test func `models and other files are not taken for matrices`() throws {
    var model = ModelFile()
    model.add("a.weight", [4])
    #expect(
      try !ImportanceMatrix.isImportanceMatrix(atPath: folder.write(try model.fileBytes())))
    for bytes in [[], Array("ggml".utf8), Array(repeating: UInt8(0), count: 100)] {
      #expect(try !ImportanceMatrix.isImportanceMatrix(atPath: folder.write(bytes)))
    }
  }

  @Test func `experts without data are listed`() throws {
    let entry = try ImportanceMatrix.Entry(
      name: "blk.0.ffn_up_exps.weight", rowWeights: 2, sums: [1, 2, 0, 0], counts: [5, 0])
    let summary = ImportanceSummary(
      try ImportanceMatrix(
        path: "m", datasets: [], chunkCount: 1, chunkSize: nil, entries: [entry]))
    #expect(summary.uncoveredCount == 1)
    #expect(summary.entriesWithGaps.map(\.uncoveredExperts) == [[1]])
    #expect(summary.entries[0].fewestCount == 0 && summary.entries[0].mostCount == 5)
  }
}
