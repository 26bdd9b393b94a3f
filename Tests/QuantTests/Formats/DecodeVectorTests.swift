// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Decoding against the reference's values")
struct DecodeVectorTests {
  @Test(arguments: try QuantVectors.shared().decodeTypes)
  func `random blocks decode bit for bit`(name: String) throws {
    let vectors = try QuantVectors.shared()
    let format = try FormatTesting.format(name)
    let values = try format.decoded(vectors.bytes("decode.\(name).bytes"))
    let expected = try vectors.floats("decode.\(name).values")
    try #require(values.count == expected.count)
    let first = values.indices.first { !same(values[$0], expected[$0]) }
    if let first {
      Issue.record("weight \(first) is \(values[first]), not \(expected[first])")
    }
  }

  private func same(_ a: Float, _ b: Float) -> Bool {
    a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
  }
}

@Suite("The registry of formats")
struct FormatRegistryTests {
  @Test func `formats stand in the order of their numbers, once each`() {
    let numbers = FormatRegistry.all.map { $0.type.rawValue }
    #expect(numbers == Set(numbers).sorted())
  }

  @Test(arguments: FormatTesting.names)
  func `wide fields lie inside the block and do not overlap`(name: String) throws {
    let format = try FormatTesting.format(name)
    var taken = Set<Int>()
    for field in format.wideFields {
      #expect([2, 4, 8].contains(field.width) && field.count > 0)
      for byte in field.offset..<field.offset + field.width * field.count {
        #expect(byte < format.layout.bytesPerBlock && taken.insert(byte).inserted)
      }
    }
  }

  @Test(arguments: FormatTesting.names)
  func `several blocks decode as each alone`(name: String) throws {
    let format = try FormatTesting.format(name)
    var random = SplitMix(state: 7)
    let size = format.layout.bytesPerBlock
    let bytes = (0..<3 * size).map { _ in UInt8.random(in: 0...255, using: &random) }
    let alone = (0..<3).flatMap { format.decoded(Array(bytes[$0 * size..<($0 + 1) * size])) }
    #expect(format.decoded(bytes).map(\.bitPattern) == alone.map(\.bitPattern))
  }
}
