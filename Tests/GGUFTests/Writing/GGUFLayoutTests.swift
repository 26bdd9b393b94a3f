// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("GGUFLayout") struct GGUFLayoutTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [ByteOrder.little, .big])
  func `the header is the one written by hand`(order: ByteOrder) throws {
    let model = ModelFile.everyType
    let layout = try GGUFLayout(
      path: "x", metadata: model.metadata, tensors: model.tensors, order: order)
    var builder = FileBuilder(order: order)
    builder.header(
      tensors: UInt64(model.tensors.count), keys: UInt64(model.metadata.entries.count))
    for entry in model.metadata.entries { builder.entry(entry.key, entry.value) }
    var offset = 0
    for (tensor, content) in zip(model.tensors, model.contents) {
      let shape = tensor.dimensions.map { UInt64($0) }
      builder.tensor(tensor.name, shape, type: tensor.type, offset: UInt64(offset))
      offset = (offset + content.count + 31) / 32 * 32
    }
    builder.pad()
    #expect(layout.header == builder.bytes)
    #expect(layout.byteCount == builder.bytes.count + offset)
    #expect(layout.tensorByteCounts == model.contents.map(\.count))
  }

  @Test func `an empty model is a header of 24 bytes and padding`() throws {
    let layout = try GGUFLayout(path: "x", metadata: Metadata(), tensors: [])
    #expect(layout.header.count == 32 && layout.byteCount == 32)
  }

  @Test(arguments: [
    ("", "1 to 63 bytes"), (String(repeating: "n", count: 64), "1 to 63 bytes"), ("a/b", "\"/\""),
    ("a\0", "control"),
  ])
  func `a tensor name that no reader takes is not written`(name: String, rule: String) throws {
    expectRefusal(of: [TensorDescription(name: name, dimensions: [1], type: .F32)], because: rule)
  }

  @Test func `tensors that no reader takes are not written`() throws {
    let good = TensorDescription(name: "t", dimensions: [32], type: .Q8_0)
    expectRefusal(of: [good, good], because: "twice")
    for (shape, type, rule) in [
      ([33], TensorType.Q8_0, "an unknown size"), ([1, 1, 1, 1, 1], .F32, "shape"),
      ([-1], .F32, "shape"), ([1 << 40, 1 << 40], .F32, "an unknown size"),
      ([1], TensorType(rawValue: 43), "an unknown size"),
    ] {
      let bad = TensorDescription(name: "bad", dimensions: shape, type: type)
      expectRefusal(of: [good, bad], because: rule)
    }
  }

  @Test func `keys that no reader takes are not written`() {
    for (key, rule) in [("", "1 to 65535"), ("a\nb", "control")] {
      var metadata = Metadata()
      metadata[key] = .bool(true)
      expectRefusal(of: [], metadata, because: rule)
    }
    var metadata = Metadata()
    metadata["general.alignment"] = .uint32(13)
    expectRefusal(of: [], metadata, because: "power of two")
  }

  private func expectRefusal(
    of tensors: [TensorDescription], _ metadata: Metadata = Metadata(), because rule: String
  ) {
    let error = #expect(throws: FileError.self) {
      try GGUFLayout(path: "out.gguf", metadata: metadata, tensors: tensors)
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.hasPrefix("out.gguf: ") && text.contains(rule))
  }
}
