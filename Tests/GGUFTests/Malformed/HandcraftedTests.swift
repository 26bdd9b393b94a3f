// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// The cases of llama.cpp's test-gguf.cpp, by its names: one flaw in a file that is random otherwise.
enum Flaw: String, CaseIterable, Sendable {
  case HEADER_BAD_MAGIC, HEADER_BAD_VERSION_0, HEADER_BAD_VERSION_1, HEADER_BAD_VERSION_FUTURE
  case HEADER_BAD_N_TENSORS, HEADER_BAD_N_KV, HEADER_EMPTY
  case KV_BAD_KEY_SIZE, KV_EMPTY_KEY, KV_BAD_TYPE, KV_DUPLICATE_KEY, KV_BAD_ALIGN
  case KV_WRONG_TYPE_ALIGN, KV_SUCCESS
  case TENSORS_BAD_NAME_SIZE, TENSORS_BAD_N_DIMS, TENSORS_BAD_SHAPE, TENSORS_ZERO_DIM
  case TENSORS_NE_TOO_BIG, TENSORS_NBYTES_TOO_BIG, TENSORS_NBYTES_PAD_WRAP, TENSORS_BAD_TYPE
  case TENSORS_BAD_OFFSET, TENSORS_DUPLICATE_NAME, TENSORS_BAD_ALIGN, TENSORS_INCONSISTENT_ALIGN
  case TENSORS_SUCCESS, TENSORS_CUSTOM_ALIGN
  case DATA_NOT_ENOUGH_DATA, DATA_BAD_ALIGN, DATA_INCONSISTENT_ALIGN, DATA_MEM_SIZE_OVERFLOW
  case DATA_SUCCESS, DATA_CUSTOM_ALIGN

  /// Whether the file must open. An unknown type (TENSORS_BAD_TYPE) is refused only when somebody
  /// asks for its bytes.
  var isAccepted: Bool {
    switch self {
    case .HEADER_EMPTY, .KV_SUCCESS, .TENSORS_ZERO_DIM, .TENSORS_BAD_TYPE, .TENSORS_SUCCESS,
      .TENSORS_CUSTOM_ALIGN, .DATA_SUCCESS, .DATA_CUSTOM_ALIGN:
      true
    default: false
    }
  }
}

/// A file of random keys and tensors with one flaw.
private struct HandcraftedFile {
  let flaw: Flaw
  var model: ModelFile
  private var builder = FileBuilder()
  /// What offsets are really multiples of, whatever the file says.
  private var packing = 32

  init(_ flaw: Flaw, seed: UInt64) {
    self.flaw = flaw
    model = flaw == .HEADER_EMPTY ? ModelFile() : .random(seed: seed)
    switch flaw {
    case .KV_BAD_ALIGN, .TENSORS_BAD_ALIGN, .DATA_BAD_ALIGN:
      model.metadata["general.alignment"] = .uint32(13)
    case .KV_WRONG_TYPE_ALIGN: model.metadata["general.alignment"] = .int32(32)
    case .TENSORS_CUSTOM_ALIGN, .DATA_CUSTOM_ALIGN:
      model.metadata["general.alignment"] = .uint32(1)
      packing = 1
    case .TENSORS_INCONSISTENT_ALIGN, .DATA_INCONSISTENT_ALIGN:
      model.add("odd", [7], .I8)
      model.add("after odd", [8], .I8)
      packing = 1
    case .DATA_MEM_SIZE_OVERFLOW:
      model = ModelFile()
      for name in ["a", "b"] { model.add(name, [0x7FFF_FFFF_FFFF_FFC0], .I8, bytes: []) }
    default: break
    }
  }

  mutating func bytes() -> [UInt8] {
    header()
    for (index, entry) in model.metadata.entries.enumerated() { key(index, entry) }
    var offset: UInt64 = 0
    for (index, tensor) in model.tensors.enumerated() { offset = line(index, tensor, at: offset) }
    builder.pad(to: packing)
    for content in model.contents {
      builder.bytes += content
      builder.pad(to: packing)
    }
    if flaw == .DATA_NOT_ENOUGH_DATA { builder.bytes.removeLast(33) }
    return builder.bytes
  }

  private mutating func header() {
    let versions: [Flaw: UInt32] = [
      .HEADER_BAD_VERSION_0: 0, .HEADER_BAD_VERSION_1: 1, .HEADER_BAD_VERSION_FUTURE: 4,
    ]
    builder.text(flaw == .HEADER_BAD_MAGIC ? "FUGG" : "GGUF")
    builder.u32(versions[flaw] ?? 3)
    builder.u64(flaw == .HEADER_BAD_N_TENSORS ? .max : UInt64(model.tensors.count))
    builder.u64(flaw == .HEADER_BAD_N_KV ? .max : UInt64(model.metadata.entries.count))
  }

  private mutating func key(_ index: Int, _ entry: Metadata.Entry) {
    switch flaw {
    case .KV_BAD_KEY_SIZE: builder.u64(.max)
    case .KV_EMPTY_KEY: builder.string("")
    case .KV_DUPLICATE_KEY: builder.string("key.\(index / 2)")
    default: builder.string(entry.key)
    }
    builder.u32(flaw == .KV_BAD_TYPE ? 13 : entry.value.type.rawValue)
    builder.value(entry.value)
  }

  /// Writes a line of the table and returns where the next tensor begins.
  private mutating func line(_ index: Int, _ tensor: TensorDescription, at offset: UInt64) -> UInt64
  {
    switch flaw {
    case .TENSORS_BAD_NAME_SIZE: builder.string(String(repeating: "n", count: 64 + index))
    case .TENSORS_DUPLICATE_NAME: builder.string("my_tensor")
    default: builder.string(tensor.name)
    }
    let shape = shape(of: tensor)
    builder.u32(flaw == .TENSORS_BAD_N_DIMS ? 5 : UInt32(shape.count))
    for dimension in shape { builder.u64(dimension) }
    builder.u32(type(of: tensor).rawValue)
    builder.u64(flaw == .TENSORS_BAD_OFFSET ? .max : offset)
    let end = flaw == .TENSORS_ZERO_DIM ? offset : offset + UInt64(tensor.byteCount ?? 0)
    return (end + UInt64(packing) - 1) / UInt64(packing) * UInt64(packing)
  }

  private func shape(of tensor: TensorDescription) -> [UInt64] {
    switch flaw {
    case .TENSORS_BAD_SHAPE: tensor.dimensions.map { _ in .max }
    case .TENSORS_ZERO_DIM: [UInt64(tensor.dimensions[0]), 0]
    case .TENSORS_NE_TOO_BIG: [4 * 0x7FFF_FFFF, 4 * 0x7FFF_FFFF]
    case .TENSORS_NBYTES_TOO_BIG: [1 << 30, 1 << 31]
    case .TENSORS_NBYTES_PAD_WRAP: [4, 1 << 30 - 1, 1 << 30 + 1]
    default: tensor.dimensions.map(UInt64.init)
    }
  }

  private func type(of tensor: TensorDescription) -> TensorType {
    switch flaw {
    case .TENSORS_NBYTES_TOO_BIG: .I64
    case .TENSORS_NBYTES_PAD_WRAP: .F32
    case .TENSORS_BAD_TYPE: TensorType(rawValue: 43)
    default: tensor.type
    }
  }
}

@Suite("Handcrafted files of llama.cpp's tests") struct HandcraftedTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: Flaw.allCases, 1...3 as ClosedRange<UInt64>)
  func opening(_ flaw: Flaw, seed: UInt64) throws {
    var file = HandcraftedFile(flaw, seed: seed)
    let path = try folder.write(file.bytes())
    guard flaw.isAccepted else {
      let error = #expect(throws: FileError.self) { try GGUFFile.open(path) }
      let text = "\(String(describing: error))"
      #expect(text.contains(path))
      return
    }
    let opened = try GGUFFile.open(path)
    #expect(opened.metadata == file.model.metadata)
    #expect(opened.tensors.map(\.name) == file.model.tensors.map(\.name))
    if flaw == .TENSORS_BAD_TYPE {
      for tensor in opened.tensors {
        #expect(throws: FileError.self) { try opened.byteRange(of: tensor) }
      }
    } else if flaw != .TENSORS_ZERO_DIM {
      for (tensor, content) in zip(opened.tensors, file.model.contents) {
        #expect(try opened.bytes(of: tensor) == content)
      }
    }
  }
}
