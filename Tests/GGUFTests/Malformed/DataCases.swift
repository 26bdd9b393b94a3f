// SPDX-License-Identifier: MIT
import GGUF
import TestSupport

extension MalformedCase {
  /// Row K9: `general.alignment`.
  static let alignments: [MalformedCase] =
    [0, 13, 1 << 31, 1 << 30, 1 << 21].map { (number: UInt32) in
      .refused("K9 alignment \(number)", "general.alignment", "power of two", "\(number)") {
        $0.alignment(.uint32) { $0.u32(number) }
      }
    } + [
      .refused("K9 alignment as int32", "general.alignment", "uint32", "32 stored as int32") {
        $0.alignment(.int32) { $0.u32(32) }
      },
      .refused("K9 alignment as uint64", "general.alignment", "32 stored as uint64") {
        $0.alignment(.uint64) { $0.u64(32) }
      },
      .refused("K9 alignment as a string", "general.alignment", "stored as string") {
        $0.alignment(.string) { $0.string("32") }
      },
      .refused("K9 alignment as an array", "general.alignment", "stored as array") {
        $0.alignment(.array) {
          $0.u32(MetadataType.uint32.rawValue)
          $0.u64(1)
          $0.u32(32)
        }
      },
      .opens("K9 alignment of 1 MiB", build: { $0.alignment(.uint32) { $0.u32(1 << 20) } }) {
        $0.metadata.alignment == 1 << 20 && $0.files[0].headerByteCount == 1 << 20
      },
    ]

  /// Row T5: types that nobody knows, or nobody knows any more, are refused where bytes are needed.
  static let types: [MalformedCase] =
    ([43, 4, 5, 31, 32, 33, 36, 37, 38, 134, 135, 144, 152, 219, 398, 1 << 31, .max] as [UInt32])
    .map { number in
      let type = TensorType(rawValue: number)
      return .opens("T5 type \(type)", build: { $0.one([256], type: type) }) { model in
        let tensor = try model.tensor("t")
        return refusal { try model.byteRange(of: tensor) }?.contains("\"t\" has")
          == true && tensor.byteCount == nil && tensor.rowBytes == nil
      }
    } + [
      .opens("T5 type of ik_llama.cpp with a known size", build: { $0.one([32], type: .ik(133)) }) {
        try $0.byteRange(of: $0.tensor("t")).count == 26
      },
      .refused("T5 unknown type at the end of the file", "\"t\"", "some bytes") {
        $0.one([8], type: .ik(43), data: 0)
        $0.fault()
      },
      .refused("T5 unknown type, next tensor in its place", "\"b\"", "after the tensor before it") {
        $0.two([8], .ik(43), then: 0)
      },
      .refused("T5 unknown type, next offset wraps", "\"b\"", "below 2^63") {
        $0.two([8], .ik(43), then: .max - 31)
        $0.faultOffset = 24 + 33 + 25
      },
      .refused("T5 unknown type, next offset wraps with the data", "\"b\"", "an offset after") {
        $0.two([8], .ik(43), then: 1 << 63 - 32)
      },
      .opens("T5 unknown type, next tensor later", build: { $0.two([8], .ik(43), then: 32) }),
    ]

  /// Row T7: offsets.
  static let offsets: [MalformedCase] = [
    .refused("T7 first offset not 0", "\"t\"", "offset 0", "found 32") { $0.one([8], offset: 32) },
    .refused("T7 offset not aligned", "\"b\"", "multiple of 32", "found 33") { $0.two(then: 33) },
    .refused("T7 gap", "\"b\"", "offset 32, right after", "found 64") { $0.two(then: 64) },
    .refused("T7 overlap", "\"b\"", "offset 64, right after", "found 32") {
      $0.two([12], then: 32)
    },
    .refused("T7 backwards", "\"b\"", "offset 32, right after", "found 0") { $0.two(then: 0) },
    .refused("T7 offset 2^64 - 1", "the offset of \"b\"", "below 2^63") {
      $0.two(then: .max)
      $0.faultOffset = 24 + 33 + 25
    },
    .refused("T7 offset that wraps with the data", "\"b\"", "offset 32, right after") {
      $0.two(then: 1 << 63 - 32)
    },
  ]

  /// Rows D1 to D3: the data section.
  static let data: [MalformedCase] = [
    .refused("D1 one byte short", "tensor \"t\"", "32 bytes", "found 31", "cut short") {
      $0.one([8], data: 31)
      $0.faultOffset = 64
    },
    .opens("D1 final padding missing", build: { $0.one([7], data: 28) }) {
      !$0.files[0].isTruncated && $0.files[0].trailingByteCount == 0
    },
    .refused("D2 second tensor beyond the file", "tensor \"b\"", "32 bytes", "found 0") {
      $0.two(then: 32, data: 32)
      $0.faultOffset = 96 + 32
    },
    .opens("D3 extra bytes", build: { $0.one([7], data: 32 + 11) }) {
      $0.files[0].trailingByteCount == 11
    },
    .opens(
      "D3 extra bytes after no tensor",
      build: {
        $0.header(); $0.zeros(40)
      }
    ) {
      $0.files[0].trailingByteCount == 32 && !$0.files[0].isTruncated
    },
    .opens("HEADER_EMPTY", build: { $0.header() }) {
      !$0.files[0].isTruncated && $0.files[0].trailingByteCount == 0 && $0.tensors.isEmpty
    },
  ]

  /// The text of the error that something ends with.
  private static func refusal(_ body: () throws -> Range<Int>) -> String? {
    do {
      _ = try body()
      return nil
    } catch {
      return "\(error)"
    }
  }
}

extension TensorType {
  fileprivate static func ik(_ number: UInt32) -> TensorType { TensorType(rawValue: number) }
}

extension FileBuilder {
  fileprivate mutating func alignment(
    _ type: MetadataType, value: (inout FileBuilder) -> Void
  ) {
    header(keys: 2)
    key("other", .uint8)
    u8(1)
    fault()
    key("general.alignment", type)
    value(&self)
  }

  /// Two tensors, of which the second has the offset `second` and is the fault.
  fileprivate mutating func two(
    _ dimensions: [UInt64] = [8], _ type: TensorType = .F32, then second: UInt64, data: Int = 128
  ) {
    header(tensors: 2)
    tensor("a", dimensions, type: type)
    fault()
    tensor("b", offset: second)
    pad()
    zeros(data)
  }
}
