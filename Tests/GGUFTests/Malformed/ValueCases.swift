// SPDX-License-Identifier: MIT
import GGUF
import TestSupport

extension MalformedCase {
  /// Rows K4, K7 and K8: types and scalar values.
  static let values: [MalformedCase] =
    [13, 1 << 31, .max].map { (number: UInt32) in
      .refused("K4 value type \(number)", "the type of \"a\"", "0 to 12", "\(number)") {
        $0.header(keys: 1)
        $0.string("a")
        $0.fault()
        $0.u32(number)
        $0.zeros(16)
      }
    }
    + [2, 128, 255].map { (byte: UInt8) in
      .opens(
        "K8 bool \(byte)",
        build: {
          $0.header(keys: 1)
          $0.key("a", .bool)
          $0.u8(byte)
        }, so: { $0.metadata["a"] == .bool(true) })
    } + [
      .refused("K7 string value longer than the file", "the value of \"a\"", "1000 bytes") {
        $0.header(keys: 1)
        $0.key("a", .string)
        $0.u64(1000)
        $0.fault()
        $0.zeros(10)
      },
      .refused("K7 string length 2^64 - 1", "the length of the value of \"a\"", "below 2^63") {
        $0.header(keys: 1)
        $0.key("a", .string)
        $0.fault()
        $0.u64(.max)
      },
      .refused("K7 number cut short", "the value of \"a\"", "8 bytes", "found 7") {
        $0.header(keys: 1)
        $0.key("a", .float64)
        $0.fault()
        $0.zeros(7)
      },
    ]

  /// Rows K5, K6 and K7: arrays.
  static let arrays: [MalformedCase] =
    [13, .max].map { (number: UInt32) in
      .refused("K5 element type \(number)", "element type of \"a\"", "0 to 12", "\(number)") {
        $0.header(keys: 1)
        $0.key("a", .array)
        $0.fault()
        $0.u32(number)
        $0.u64(0)
      }
    }
    + MetadataType.allCases.flatMap(tooManyElements) + nested + [
      .refused("K6 more elements than the file holds", "\"a\"", "at most the 5", "found 6") {
        $0.header(keys: 1)
        $0.key("a", .array)
        $0.u32(MetadataType.uint16.rawValue)
        $0.fault()
        $0.u64(6)
        $0.zeros(11)
      },
      .refused("K7 third string past the end", "string 2 of \"a\"", "100 bytes", "found 3") {
        $0.header(keys: 1)
        $0.arrayKey("a", of: .string, count: 3)
        $0.string("one")
        $0.string("two")
        $0.u64(100)
        $0.fault()
        $0.zeros(3)
      },
      .refused("K7 third string without room for its length", "string 2 of \"a\"", "8 bytes") {
        $0.header(keys: 1)
        $0.arrayKey("a", of: .string, count: 3)
        $0.string("123456789")
        $0.string("")
        $0.fault()
        $0.zeros(7)
      },
      .refused("K7 string in an array of length 2^64 - 1", "string 0 of \"a\"", "below 2^63") {
        $0.header(keys: 1)
        $0.arrayKey("a", of: .string, count: 1)
        $0.fault()
        $0.u64(.max)
      },
    ]

  /// Counts whose product with the element's size wraps, or is merely too large.
  private static func tooManyElements(_ type: MetadataType) -> [MalformedCase] {
    [("2^64 - 1", .max), ("2^63", 1 << 63), ("2^61 + 1", 1 << 61 + 1), ("17", 17)].map {
      (name: String, count: UInt64) in
      .refused("K6 \(name) of \(type)", "the number of elements of \"a\"", "\(count)") {
        $0.header(keys: 1)
        $0.key("a", .array)
        $0.u32(type.rawValue)
        $0.fault()
        $0.u64(count)
        $0.zeros(16)
      }
    }
  }

  /// Arrays in arrays: four deep are read, more are refused before the stack feels them.
  private static let nested: [MalformedCase] = [
    .opens("K5 arrays four deep", build: { $0.nest(4) }) {
      var value = $0.metadata["a"]
      for _ in 0..<4 { value = value?.elements?.values().first }
      return value == .uint8(7)
    },
    .refused("K5 arrays five deep", "array 0 in array 0 in", "at most 4 arrays") {
      $0.nest(5)
      $0.faultOffset = 24 + 13 + 4 * 12
    },
    .refused("K5 arrays 100,000 deep", "at most 4 arrays") {
      $0.nest(100_000)
      $0.faultOffset = 24 + 13 + 4 * 12
    },
  ]
}

extension FileBuilder {
  /// An array in an array, and so on, with a byte in the innermost.
  fileprivate mutating func nest(_ depth: Int) {
    header(keys: 1)
    key("a", .array)
    for level in 1...depth {
      u32(level == depth ? MetadataType.uint8.rawValue : MetadataType.array.rawValue)
      u64(1)
    }
    u8(7)
  }
}
