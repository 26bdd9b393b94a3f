// SPDX-License-Identifier: MIT
import GGUF

/// The reference's encoder and decoder of one type.
struct ReferenceFormat {
  private typealias Traits = @convention(c) (UInt32) -> UnsafeRawPointer?
  private typealias Prepare = @convention(c) (UInt32) -> Void
  private typealias RequiresImportance = @convention(c) (UInt32) -> Bool
  private typealias Encode =
    @convention(c) (
      UInt32, UnsafePointer<Float>?, UnsafeMutableRawPointer?, Int64, Int64, Int64,
      UnsafePointer<Float>?
    ) -> Int
  private typealias Decode =
    @convention(c) (UnsafeRawPointer?, UnsafeMutablePointer<Float>?, Int64) -> Void

  /// Whether it refuses to encode without importance weights.
  let requiresImportance: Bool
  /// Whether there is a decoder; F32 has none.
  var decodes: Bool { decoder != nil }

  private let type: UInt32
  private let encoder: Encode
  private let decoder: Decode?

  /// Finds the functions of a type that the library knows.
  init(_ type: TensorType, in library: Reference) throws {
    let traits: Traits = try library.symbol("ggml_get_type_traits")
    let prepare: Prepare = try library.symbol("ggml_quantize_init")
    let requires: RequiresImportance = try library.symbol("ggml_quantize_requires_imatrix")
    guard let table = traits(type.rawValue), let layout = type.layout,
      Self.isAsExpected(table, layout)
    else {
      throw ReferenceError(
        description: "\(type.name): the reference's table of types is not in the known form")
    }
    prepare(type.rawValue)
    self.type = type.rawValue
    requiresImportance = requires(type.rawValue)
    encoder = try library.symbol("ggml_quantize_chunk")
    let address = table.load(fromByteOffset: Self.decoderOffset, as: UnsafeRawPointer?.self)
    decoder = address.map { unsafeBitCast($0, to: Decode.self) }
  }

  /// Encodes rows and returns the count of bytes written.
  @discardableResult
  func encode(
    _ rows: [Float], rowWeights: Int, importance: [Float]?, into bytes: inout [UInt8]
  ) -> Int {
    let count = Int64(rows.count / rowWeights)
    return bytes.withUnsafeMutableBytes { bytes in
      guard let importance else {
        return encoder(type, rows, bytes.baseAddress, 0, count, Int64(rowWeights), nil)
      }
      return encoder(type, rows, bytes.baseAddress, 0, count, Int64(rowWeights), importance)
    }
  }

  /// Decodes blocks; there must be as many as `weights` needs.
  func decode(_ bytes: [UInt8], into weights: inout [Float]) {
    decoder?(bytes, &weights, Int64(weights.count))
  }

  // The library's record of a type: name (8 bytes), weights a block (8), an interleaving that is
  // not used (8), bytes a block (8), whether it is quantized (1, padded to 8), the decoder's address.
  private static let weightsOffset = 8
  private static let bytesOffset = 24
  private static let isQuantizedOffset = 32
  private static let decoderOffset = 40

  private static func isAsExpected(
    _ table: UnsafeRawPointer, _ layout: TensorType.Layout
  ) -> Bool {
    table.load(fromByteOffset: weightsOffset, as: Int64.self) == layout.weightsPerBlock
      && table.load(fromByteOffset: bytesOffset, as: Int.self) == layout.bytesPerBlock
      && table.load(fromByteOffset: isQuantizedOffset, as: UInt8.self) <= 1
  }
}
