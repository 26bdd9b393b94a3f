// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Blocks that no encoder writes")
struct BlockCheckTests {
  private static func isSound(_ bytes: [UInt8], _ format: any BlockFormat.Type) -> Bool {
    BlockCheck.isSound(bytes.span.bytes, of: format)
  }

  private static func fault(_ block: [UInt8], _ format: any BlockFormat.Type) -> BlockFault? {
    BlockCheck.fault(inBlock: block.span.bytes, of: format)
  }

  /// Blocks of random bytes, cut apart.
  private static func randomBlocks(_ format: any BlockFormat.Type, _ count: Int) -> [[UInt8]] {
    var random = SplitMix(state: UInt64(format.type.rawValue) + 99)
    return (0..<count).map { _ in
      (0..<format.layout.bytesPerBlock).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
  }

  @Test(arguments: FormatTesting.encodableNames, QuantVectors.sets)
  func `our encodings of all vectors have no faults`(name: String, set: String) throws {
    let vectors = try QuantVectors.shared()
    let format = try FormatTesting.encoder(name)
    let (source, width) = (try vectors.floats("src.\(set)"), try vectors.rowWeights("src.\(set)"))
    let importance = try vectors.floats("imatrix.\(set)")
    for weights in [nil, importance] {
      let blocks = format.encoded(source, rowWeights: width, importance: weights)
      #expect(Self.isSound(blocks, format))
    }
  }

  @Test(arguments: FormatTesting.encodableNames)
  func `the reference's blocks have no faults`(name: String) throws {
    let vectors = try QuantVectors.shared()
    let format = try FormatTesting.format(name)
    for set in QuantVectors.sets {
      for mode in ["plain", "imatrix"] where vectors.contains("ref.\(name).\(set).\(mode)") {
        #expect(Self.isSound(try vectors.bytes("ref.\(name).\(set).\(mode)"), format))
      }
    }
  }

  @Test(arguments: FormatTesting.names)
  func `a block without faults restores finite weights, and one with NaN has a fault`(
    name: String
  ) throws {
    let format = try FormatTesting.format(name)
    var soundCount = 0
    for block in Self.randomBlocks(format, 400) {
      let isFinite = format.decoded(block).allSatisfy(\.isFinite)
      let fault = Self.fault(block, format)
      #expect(Self.isSound(block, format) == (fault == nil))
      #expect(isFinite || fault != nil, "weights of \(block) are not finite")
      // Activations keep sums that no weight is made of.
      if fault?.kind == .notFinite, name != "Q8_1" { #expect(!isFinite, "\(fault as Any)") }
      soundCount += fault == nil ? 1 : 0
    }
    // Random ternary bytes and sums are hardly ever right by chance.
    #expect(soundCount > 0 || ["TQ1_0", "TQ2_0", "Q8_K"].contains(name))
  }

  @Test(arguments: FormatTesting.names)
  func `every float of a block is looked at`(name: String) throws {
    let format = try FormatTesting.format(name)
    for field in format.floatFields {
      for (bits, words) in [(0x7FF8_0000_0000_0000 as UInt64, "nan"), (0xFFF0 << 48, "-inf")] {
        var block = [UInt8](repeating: 0, count: format.layout.bytesPerBlock)
        let (value, size) = Self.stored(bits, field.kind)
        for byte in 0..<size {
          block[field.offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
        }
        let sound = [UInt8](repeating: 0, count: block.count)
        #expect(Self.isSound(sound, format))
        #expect(!Self.isSound(sound + block + sound, format))
        let found = BlockCheck.firstFault(in: (sound + block).span.bytes, of: format)
        #expect(found?.block == 1)
        #expect(found?.fault.kind == .notFinite && found?.fault.field == field.name)
        #expect(found?.fault.found == words && found?.fault.byteOffset == field.offset)
      }
    }
  }

  /// NaN or minus infinity as the field keeps it, and its bytes.
  private static func stored(_ bits: UInt64, _ kind: FloatField.Kind) -> (UInt64, Int) {
    switch kind {
    case .half: (bits >> 48 & 0x8000 | 0x7C00 | (bits >> 42) & 0x0200, 2)
    case .upperHalf: (bits >> 48 & 0x8000 | 0x7F80 | (bits >> 45) & 0x0040, 2)
    case .single: ((bits >> 48 & 0x8000 | 0x7F80 | (bits >> 45) & 0x0040) << 16, 4)
    case .double: (bits, 8)
    }
  }

  /// An invalid code: type, byte, what is put there, the field, and whether the rest of
  /// the block is zero or ones.
  struct Code: Sendable, CustomTestStringConvertible {
    let type: String
    let byte: Int
    let value: UInt8
    let field: String
    var rest: UInt8 = 0
    var testDescription: String { "\(type) byte \(byte) = \(value)" }
  }

  static let codes = [
    Code(type: "MXFP4", byte: 0, value: 255, field: "e"),
    Code(type: "MXFP4", byte: 0, value: 254, field: "e", rest: 0x04),
    Code(type: "MXFP4", byte: 0, value: 253, field: "e", rest: 0x60),
    Code(type: "NVFP4", byte: 2, value: 127, field: "s[2]"),
    Code(type: "NVFP4", byte: 3, value: 255, field: "s[3]"),
    Code(type: "NVFP4", byte: 0, value: 128, field: "s[0]"),
    Code(type: "TQ1_0", byte: 5, value: 20, field: "q[5]"),
    Code(type: "TQ1_0", byte: 50, value: 2, field: "h[2]"),
    Code(type: "TQ2_0", byte: 63, value: 0b0001_1000, field: "", rest: 0),
    Code(type: "TQ2_0", byte: 63, value: 0b0011_0000, field: "q[63]"),
    Code(type: "IQ1_M", byte: 55, value: 0x70, field: ""),
    Code(type: "Q8_K", byte: 4, value: 1, field: "s[0]"),
    Code(type: "F64", byte: 7, value: 0x7F, field: "weight"),
  ]

  @Test(arguments: codes)
  func `invalid codes are named`(code: Code) throws {
    let format = try FormatTesting.format(code.type)
    var block = [UInt8](repeating: code.rest, count: format.layout.bytesPerBlock)
    block[code.byte] = code.value
    let fault = Self.fault(block, format)
    #expect((fault?.field ?? "") == code.field)
    #expect(Self.isSound(block, format) == code.field.isEmpty)
  }

  @Test func `the half that IQ1_M keeps in four words is looked at`() throws {
    let format = try FormatTesting.format("IQ1_M")
    var block = [UInt8](repeating: 0, count: 56)
    // The top bits of the words hold the half's bits, the lowest first: 0x7C00.
    (block[53], block[55]) = (0xC0, 0x70)
    let fault = try #require(Self.fault(block, format))
    #expect(fault.field == "d" && fault.found == "inf" && fault.byteOffset == 48)
  }

  @Test func `bytes that ternary digits make are all allowed`() throws {
    let format = try FormatTesting.format("TQ1_0")
    for value in 0..<243 {
      var block = [UInt8](repeating: 0, count: 54)
      block[7] = UInt8((value * 256 + 242) / 243)
      #expect(Self.fault(block, format) == nil, "\(value)")
    }
    let allowed = (0...255).count { value in
      var block = [UInt8](repeating: 0, count: 54)
      block[48] = UInt8(value)
      return Self.fault(block, format) == nil
    }
    #expect(allowed == 81)
  }
}
