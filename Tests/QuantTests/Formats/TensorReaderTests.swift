// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("TensorReader")
struct TensorReaderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: FormatTesting.names)
  func `both byte orders hold the same weights`(name: String) throws {
    let format = try FormatTesting.format(name)
    let (little, big) = try pair(format, dimensions: [512, 3, 2])
    let expected = try read(little, rows: 0..<6).map(\.bitPattern)
    #expect(try read(big, rows: 0..<6).map(\.bitPattern) == expected)
    #expect(try read(big, rows: 1..<3).map(\.bitPattern) == Array(expected[512..<1536]))
  }

  @Test func `rows longer than a chunk are read whole`() throws {
    let (little, _) = try pair(F32.self, dimensions: [150_001, 2])
    let weights = try read(little, rows: 1..<2)
    let bytes = Data([UInt8](try Data(contentsOf: URL(filePath: little)).suffix(600_004 + 24)))
    let last = bytes.subdata(in: 600_000..<600_004).withUnsafeBytes {
      $0.loadUnaligned(as: UInt32.self)
    }
    #expect(weights.count == 150_001)
    #expect(weights.last?.bitPattern == last)
  }

  @Test func `any blocks can be read`() throws {
    let (little, _) = try pair(F16.self, dimensions: [512, 4])
    let all = try read(little, rows: 0..<4)
    var reader = try reader(little)
    var part = [Float](repeating: 0, count: 700)
    var span = part.mutableSpan
    try reader.readWeights(100..<800, into: &span)
    #expect(part.map(\.bitPattern) == all[100..<800].map(\.bitPattern))
  }

  @Test func `a type without a decoder is named`() throws {
    var model = ModelFile()
    model.add("w", [256, 1], TensorType(rawValue: 139))
    let path = folder.path("ik.gguf")
    try model.write(to: path)
    #expect {
      _ = try reader(path)
    } throws: { error in
      "\(error)".contains("IQ4_K") && "\(error)".contains("\"w\"")
    }
  }

  @Test func `a tensor beyond the end of the file is refused`() throws {
    let (little, _) = try pair(F32.self, dimensions: [512, 4])
    let handle = try FileHandle(forWritingTo: URL(filePath: little))
    try handle.truncate(atOffset: 4096)
    try handle.close()
    let file = try GGUFFile.open(little, requiring: .headerOnly)
    #expect(throws: QuantError.self) { try TensorReader(model: file, tensor: file.tensor("w")) }
  }

  @Test func `a file made shorter after opening gives an error`() throws {
    let (little, _) = try pair(F32.self, dimensions: [512, 4])
    var reader = try reader(little)
    let handle = try FileHandle(forWritingTo: URL(filePath: little))
    try handle.truncate(atOffset: 4096)
    try handle.close()
    var weights = [Float](repeating: 0, count: 2048)
    #expect(throws: QuantError.self) {
      var span = weights.mutableSpan
      try reader.readRows(0..<4, into: &span)
    }
  }

  /// A model with one tensor, in both byte orders: the blocks are swapped field by field.
  private func pair(
    _ format: any BlockFormat.Type, dimensions: [Int]
  ) throws -> (little: String, big: String) {
    var model = ModelFile()
    model.add("w", dimensions, format.type)
    let little = folder.path("little.gguf")
    try model.write(to: little)
    let size = format.layout.bytesPerBlock
    for block in stride(from: 0, to: model.contents[0].count, by: size) {
      for field in format.wideFields {
        for index in 0..<field.count {
          let start = block + field.offset + index * field.width
          model.contents[0][start..<start + field.width].reverse()
        }
      }
    }
    let big = folder.path("big.gguf")
    try model.write(to: big, order: .big)
    return (little, big)
  }

  private func reader(_ path: String) throws -> TensorReader {
    let file = try GGUFFile.open(path)
    return try TensorReader(model: file, tensor: file.tensor("w"))
  }

  private func read(_ path: String, rows: Range<Int>) throws -> [Float] {
    var reader = try reader(path)
    var weights = [Float](repeating: 0, count: rows.count * reader.tensor.rowWeights)
    var span = weights.mutableSpan
    try reader.readRows(rows, into: &span)
    return weights
  }
}
