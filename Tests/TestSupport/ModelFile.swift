// SPDX-License-Identifier: MIT
public import GGUF

/// A small model in memory, to be written as a file.
public struct ModelFile: Sendable {
  /// The keys and values.
  public var metadata = Metadata()
  /// The tensor table.
  public var tensors: [TensorDescription] = []
  /// The bytes of each tensor.
  public var contents: [[UInt8]] = []

  /// A model with nothing in it.
  public init() {}

  /// Adds a tensor; without `bytes`, its content is random but always the same.
  public mutating func add(
    _ name: String, _ dimensions: [Int], _ type: TensorType = .F32, bytes: [UInt8]? = nil
  ) {
    let description = TensorDescription(name: name, dimensions: dimensions, type: type)
    var random = SeededGenerator(seed: UInt64(tensors.count + 1))
    contents.append(bytes ?? random.bytes(description.byteCount ?? 0))
    tensors.append(description)
  }

  /// Writes the model through the library's own writer.
  public func write(to path: String, order: ByteOrder = .little) throws {
    let layout = try GGUFLayout(path: path, metadata: metadata, tensors: tensors, order: order)
    let file = try OutputFile(path: path, byteCount: layout.byteCount)
    try file.write(layout.header, at: 0)
    for (offset, bytes) in zip(layout.tensorOffsets, contents) {
      try file.write(bytes, at: offset)
    }
    try file.finish()
  }

  /// A model with a value of every type, arrays of every type, and tensors of several.
  public static let everyType: ModelFile = {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    for (index, type) in MetadataType.allCases.enumerated() {
      let values = samples(of: type)
      model.metadata["value.\(index).\(type)"] = values[0]
      model.metadata["array.\(type)"] = .array(MetadataArray(elementType: type, values))
      model.metadata["empty.\(type)"] = .array(MetadataArray(elementType: type, []))
    }
    model.add("token_embd.weight", [32, 5], .Q8_0)
    model.add("blk.0.attn_q.weight", [256, 3], .Q4_K)
    model.add("blk.0.attn_norm.weight", [7])
    model.add("scalar", [], .I32)
    model.add("empty", [4, 0], .F16)
    model.add("last", [3, 2, 2, 2], .I8)
    return model
  }()

  /// Values of one type, the extreme ones among them.
  private static func samples(of type: MetadataType) -> [MetadataValue] {
    switch type {
    case .uint8: [.uint8(200), .uint8(0), .uint8(.max)]
    case .int8: [.int8(-100), .int8(.min), .int8(.max)]
    case .uint16: [.uint16(50_000), .uint16(0), .uint16(.max)]
    case .int16: [.int16(-30_000), .int16(.min), .int16(.max)]
    case .uint32: [.uint32(4_000_000_000), .uint32(0), .uint32(.max)]
    case .int32: [.int32(-2_000_000_000), .int32(.min), .int32(.max)]
    case .uint64: [.uint64(1 << 63 + 5), .uint64(0), .uint64(.max)]
    case .int64: [.int64(-1 << 62), .int64(.min), .int64(.max)]
    case .float32: [.float32(-1.5), .float32(.greatestFiniteMagnitude), .float32(-0.0)]
    case .float64: [.float64(0.1), .float64(.leastNonzeroMagnitude), .float64(-.infinity)]
    case .bool: [.bool(true), .bool(false)]
    case .string: [.string("Grüße, 世界 🌍"), .string(""), .string("line\nbreak\0nul")]
    case .array: nestedArrays
    }
  }

  /// Arrays within an array: of numbers, of strings, of arrays, and an empty one.
  private static let nestedArrays: [MetadataValue] = [
    .array(MetadataArray(elementType: .int16, samples(of: .int16))),
    .array(MetadataArray(elementType: .string, samples(of: .string))),
    .array(
      MetadataArray(
        elementType: .array, [.array(MetadataArray(elementType: .bool, samples(of: .bool)))])),
    .array(MetadataArray(elementType: .float64, [])),
  ]
}
