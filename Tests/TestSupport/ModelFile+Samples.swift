// SPDX-License-Identifier: MIT
import GGUF

extension ModelFile {
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

extension ModelFile {
  /// A model of random keys and tensors, up to 100 of each.
  public static func random(seed: UInt64) -> ModelFile {
    var random = SeededGenerator(seed: seed)
    var model = ModelFile()
    for index in 0..<Int.random(in: 1...100, using: &random) {
      model.metadata["key.\(index)"] = value(
        MetadataType.allCases.randomElement(using: &random), &random)
    }
    for index in 0..<Int.random(in: 2...100, using: &random) {
      let type: TensorType =
        [.F32, .F16, .I8, .I64, .Q8_0, .Q4_1].randomElement(using: &random) ?? .F32
      let least = type.layout?.weightsPerBlock ?? 1
      let shape =
        [least * Int.random(in: 1...3, using: &random)]
        + (0..<Int.random(in: 0...3, using: &random)).map { _ in
          Int.random(in: 1...4, using: &random)
        }
      model.add("tensor.\(index)", shape, type)
    }
    return model
  }

  private static func value(
    _ type: MetadataType?, _ random: inout SeededGenerator
  ) -> MetadataValue {
    let type = type ?? .bool
    let samples = samples(of: type)
    let values = (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in
      samples.randomElement(using: &random)
    }
    return Bool.random(using: &random)
      ? samples[0] : .array(MetadataArray(elementType: type, values))
  }
}
