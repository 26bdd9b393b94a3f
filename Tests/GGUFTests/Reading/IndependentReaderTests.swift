// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// Our files read by PyPI's `gguf`, and its files read by us.
@Suite(
  "Independent reader",
  .enabled(if: Python.canImport("gguf"), "needs python3 with the package gguf (pip install gguf)"))
struct IndependentReaderTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
  }

  @Test(arguments: [(ByteOrder.little, nil), (.big, 4096)])
  func `gguf-py reads our files as we do`(order: ByteOrder, alignment: UInt32?) throws {
    var model = ModelFile.everyType
    model.metadata["general.alignment"] = alignment.map(MetadataValue.uint32)
    try model.write(to: path, order: order)
    try compare(order)
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `we read gguf-py's files as it does`(order: ByteOrder) throws {
    _ = try Python.run("check_container.py", "write", path, "\(order)")
    try compare(order)
    let file = try GGUFFile.open(path)
    #expect(file.metadata.alignment == 64)
    #expect(file.metadata["value.string"]?.text == "Grüße 🌍")
    #expect(file.metadata["value.uint64"] == .uint64(1 << 63 + 5))
    #expect(file.metadata["array.integers"]?.elements?.integers() == [1, -2, 3])
    let floats = try file.tensor("floats")
    #expect(floats.dimensions == [35, 2] && floats.type == .F32)
    let expected = (0..<70).map { Float($0).bitPattern }.flatMap { bits in
      withUnsafeBytes(of: order == .big ? bits.bigEndian : bits.littleEndian) { Array($0) }
    }
    #expect(try file.bytes(of: floats) == expected)
  }

  /// Checks that `gguf` sees in the file exactly what we see.
  private func compare(_ order: ByteOrder) throws {
    let output = try Python.run("check_container.py", "read", path)
    let theirs = try JSONDecoder().decode(Reading.self, from: output)
    let file = try GGUFFile.open(path)
    #expect(theirs.order == "\(order)" && file.byteOrder == order)
    #expect(theirs.keys == file.metadata.entries.map { [$0.key, describe($0.value)] })
    let tensors = try file.tensors.map { tensor in
      Reading.Tensor(
        name: tensor.name, type: tensor.type.name, shape: tensor.dimensions,
        offset: tensor.byteOffset, data: hexadecimal(try file.bytes(of: tensor)))
    }
    #expect(theirs.tensors == tensors)
  }

  /// A value as the script describes it.
  private func describe(_ value: MetadataValue) -> String {
    switch value {
    case .string(let text): return "string:\(hexadecimal(text.bytes))"
    case .float32(let number): return "float32:\(number.bitPattern)"
    case .float64(let number): return "float64:\(number.bitPattern)"
    case .bool(let flag): return "bool:\(flag ? 1 : 0)"
    case .uint64(let number): return "uint64:\(number)"
    case .array(let array):
      return "array:\(array.elementType)[\(array.values().map(describe).joined(separator: ","))]"
    default: return "\(value.type):\(value.integer.map(String.init) ?? "")"
    }
  }

  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// What the script prints.
private struct Reading: Decodable {
  struct Tensor: Decodable, Equatable {
    let name: String
    let type: String
    let shape: [Int]
    let offset: Int
    let data: String
  }
  let order: String
  let keys: [[String]]
  let tensors: [Tensor]
}
