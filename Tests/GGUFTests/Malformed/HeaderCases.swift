// SPDX-License-Identifier: MIT
import GGUF
import TestSupport

extension MalformedCase {
  /// Rows H2 and H3: magic and version.
  static let header: [MalformedCase] = [
    .refused("H2 magic FUGG", "the magic", "\"GGUF\"", "\"FUGG\"") { $0.magic("FUGG") },
    .refused("H2 magic GGML", "the magic", "old GGML file") { $0.magic("GGML") },
    .refused("H2 magic ggjt", "the magic", "old GGML file") { $0.magic("ggjt") },
    .refused("H2 magic of ggjt as stored", "old GGML file") { $0.magic("tjgg") },
    .refused("H2 zeros", "zeros", "interrupted quantization") { $0.zeros(64) },
    .refused("H2 Git LFS pointer", "Git LFS") { $0.text("version https://git-lfs") },
    .refused("H2 web page", "web page") { $0.text("<!DOCTYPE html><html></html>") },
    .refused("H2 other bytes", "bytes 1 2 fe ff") { $0.bytes = [1, 2, 0xFE, 0xFF, 0, 0, 0, 0] },
    .opens(
      "H2 version in the other byte order",
      build: {
        $0.order = .big; $0.header()
      }
    ) {
      $0.byteOrder == .big && $0.formatVersion == 3
    },
    .refused("H3 version 0", "the version", "2 or 3", "found 0") { $0.version(0) },
    .refused("H3 version 1", "the version", "1, which is no longer supported") { $0.version(1) },
    .refused("H3 version 4", "the version", "found 4") { $0.version(4) },
    .refused("H3 version 2^32 - 1", "the version", "4294967295") { $0.version(.max) },
    .refused("H3 version 1, big-endian", "the version (read as big-endian)", "no longer") {
      $0.order = .big
      $0.version(1)
    },
    .refused("H3 version 4, big-endian", "the version (read as big-endian)", "found 4") {
      $0.order = .big
      $0.version(4)
    },
    .opens("H3 version 2", build: { $0.header(version: 2) }) { $0.formatVersion == 2 },
  ]

  /// Row H4: counts that the file has no room for.
  static let counts: [MalformedCase] =
    [
      ("2^64 - 1", .max), ("2^63", 1 << 63), ("0x55555555555555a", 0x555_5555_5555_555A),
      ("25", 25),
    ]
    .flatMap { (name: String, count: UInt64) -> [MalformedCase] in
      [
        .refused("H4 \(name) tensors", "the number of tensors", "\(count)") {
          $0.text("GGUF")
          $0.u32(3)
          $0.fault()
          $0.u64(count)
          $0.u64(0)
        },
        .refused("H4 \(name) keys", "the number of keys", "\(count)") {
          $0.text("GGUF")
          $0.u32(3)
          $0.u64(0)
          $0.fault()
          $0.u64(count)
        },
      ]
    } + holes

  /// Row H4 again, in files that do have the room: nothing is allocated for a count alone.
  private static let holes: [MalformedCase] = [
    .refused("H4 2^34 tensors in a hole", "the name of tensor 0", "found 0", size: 1 << 40) {
      $0.header(tensors: 1 << 34)
      $0.fault()
    },
    .refused("H4 2^34 keys in a hole", "the length of key 0", "found 0", size: 1 << 40) {
      $0.header(keys: 1 << 34)
      $0.fault()
    },
    .refused("K7 a string of 2^33 bytes in a hole", "\"a\"", "at most 67108864", size: 1 << 40) {
      $0.header(keys: 1)
      $0.key("a", .string)
      $0.fault()
      $0.u64(1 << 33)
    },
  ]
}

extension FileBuilder {
  fileprivate mutating func magic(_ magic: String) {
    fault()
    text(magic)
    u32(3)
    zeros(16)
  }

  fileprivate mutating func version(_ version: UInt32) {
    text("GGUF")
    fault()
    u32(version)
    zeros(16)
  }
}
