// SPDX-License-Identifier: MIT
import GGUF
import TestSupport

extension MalformedCase {
  /// Row K1: lengths of keys.
  static let keys: [MalformedCase] = [
    .refused("K1 key length 2^64 - 1", "the length of key 0", "18446744073709551615") {
      $0.lengthOfKey(.max)
    },
    .refused("K1 key length 2^63 - 1", "the length of key 0", "1 to 65535") {
      $0.lengthOfKey(1 << 63 - 1)
    },
    .refused("K1 key longer than the file", "key 0", "60000 bytes", "before the end of the file") {
      $0.header(keys: 1)
      $0.u64(60_000)
      $0.fault()
      $0.zeros(100)
    },
    .refused("K1 key of 65536 bytes", "the length of key 0", "1 to 65535", "65536") {
      $0.header(keys: 1)
      $0.fault()
      $0.key(String(repeating: "k", count: 65_536), .uint8)
      $0.u8(1)
    },
    .opens(
      "K1 key of 65535 bytes",
      build: {
        $0.header(keys: 1)
        $0.key(String(repeating: "k", count: 65_535), .uint8)
        $0.u8(1)
      }, so: { $0.metadata[String(repeating: "k", count: 65_535)] == .uint8(1) }),
  ]

  /// Rows K2 and K3: names of keys.
  static let keyNames: [MalformedCase] = [
    .refused("K2 empty key", "the length of key 0", "found 0") {
      $0.header(keys: 1)
      $0.fault()
      $0.key("", .uint8)
      $0.u8(1)
      $0.zeros(8)
    },
    .refused("K2 duplicate key", "key 1", "each key once", "\"twin\" again") {
      $0.header(keys: 2)
      $0.key("twin", .uint8)
      $0.u8(1)
      $0.fault()
      $0.key("twin", .uint16)
      $0.number(UInt16(2))
    },
    .refused("K2 twins up to a NUL", "key 1", "control characters", "twin\\0x") {
      $0.header(keys: 2)
      $0.key("twin", .uint8)
      $0.u8(1)
      $0.nameOfKey(Array("twin\0x".utf8))
    },
    .refused("K2 key with an escape", "key 0", "control characters") {
      $0.header(keys: 1)
      $0.nameOfKey(Array("a\u{1B}[2J".utf8))
    },
    .refused("K3 key of a stray byte", "key 0", "UTF-8") {
      $0.header(keys: 1)
      $0.nameOfKey([0x61, 0xFF])
    },
    .refused("K3 key with an overlong NUL", "key 0", "UTF-8") {
      $0.header(keys: 1)
      $0.nameOfKey([0x61, 0xC0, 0x80])
    },
    .refused("K3 key with half a character", "key 0", "UTF-8") {
      $0.header(keys: 1)
      $0.nameOfKey([0xE4, 0xB8])
    },
    .opens(
      "K3 value that is not UTF-8",
      build: {
        $0.header(keys: 1)
        $0.key("a", .string)
        $0.u64(3)
        $0.bytes += [0x61, 0xFF, 0x62]
      },
      so: {
        $0.metadata["a"] == .string(MetadataString(bytes: [0x61, 0xFF, 0x62]))
          && $0.metadata["a"]?.text == "a\\xFFb"
      }),
  ]
}

extension FileBuilder {
  fileprivate mutating func lengthOfKey(_ length: UInt64) {
    header(keys: 1)
    fault()
    u64(length)
    zeros(100)
  }

  fileprivate mutating func nameOfKey(_ name: [UInt8]) {
    u64(UInt64(name.count))
    fault()
    bytes += name
    u32(MetadataType.uint64.rawValue)
    u64(0)
  }
}
