// SPDX-License-Identifier: MIT
import GGUF
import Testing

@Suite("TensorType") struct TensorTypeTests {
  /// GGML's own table: number, name, weights and bytes of a block.
  static let known: [(UInt32, String, Int, Int)] = [
    (0, "F32", 1, 4), (1, "F16", 1, 2), (2, "Q4_0", 32, 18), (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22), (7, "Q5_1", 32, 24), (8, "Q8_0", 32, 34), (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84), (11, "Q3_K", 256, 110), (12, "Q4_K", 256, 144), (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210), (15, "Q8_K", 256, 292), (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74), (18, "IQ3_XXS", 256, 98), (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18), (21, "IQ3_S", 256, 110), (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136), (24, "I8", 1, 1), (25, "I16", 1, 2), (26, "I32", 1, 4),
    (27, "I64", 1, 8), (28, "F64", 1, 8), (29, "IQ1_M", 256, 56), (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54), (35, "TQ2_0", 256, 66), (39, "MXFP4", 32, 17), (40, "NVFP4", 64, 36),
  ]

  @Test func `known types have GGML's names and sizes`() {
    for (number, name, weights, bytes) in Self.known {
      let type = TensorType(rawValue: number)
      #expect(type.name == name && type.status == .current)
      #expect(type.layout?.weightsPerBlock == weights && type.layout?.bytesPerBlock == bytes)
      #expect(TensorType(name: name.lowercased()) == type)
      #expect(type.isQuantized == (weights > 1))
    }
  }

  @Test func `names belong to one number each`() {
    let types = (0...500 as ClosedRange<UInt32>).map(TensorType.init(rawValue:))
    let named = types.filter { $0.status != .unknown }
    #expect(named.count == Set(named.map(\.name)).count)
    for type in named { #expect(TensorType(name: type.name) == type) }
  }

  @Test func `numbers that nobody knows are kept`() {
    let type = TensorType(rawValue: .max)
    #expect(type.rawValue == .max && type.status == .unknown && type.layout == nil)
    #expect(type.name == "type 4294967295" && TensorType(name: "Q9_Z") == nil)
    #expect(type.inWords == "the unknown type 4294967295")
    #expect(TensorType(rawValue: 4).inWords.contains("removed"))
    #expect(TensorType(rawValue: 144).inWords.contains("ik_llama.cpp"))
    #expect(TensorType.Q4_K.inWords == "type Q4_K")
  }

  @Test func `sizes of tensors`() {
    func bytes(_ shape: [Int], _ type: TensorType) -> Int? {
      TensorDescription(name: "t", dimensions: shape, type: type).byteCount
    }
    #expect(bytes([256, 4, 2], .Q4_K) == 1152 && bytes([], .F32) == 4)
    #expect(bytes([0, 5], .F32) == 0 && bytes([5, 0], .F32) == 0 && bytes([0], .Q4_K) == 0)
    #expect(bytes([100], .Q4_K) == nil && bytes([1 << 40, 1 << 40], .I8) == nil)
    #expect(bytes([1 << 62], .F32) == nil && bytes([8], TensorType(rawValue: 99)) == nil)
  }
}
