// SPDX-License-Identifier: MIT
import GGUF
import TestSupport

extension MalformedCase {
  /// Row T1: names of tensors.
  static let tensorNames: [MalformedCase] =
    [
      ("with a NUL", "a\0b", "control characters"),
      ("with a newline", "a\nb", "control characters"),
      ("with a delete", "a\u{7F}", "control characters"),
      ("with a terminal's CSI", "a\u{9B}2J", "control characters"),
      ("with a slash", "/etc/passwd", "\"/\""), ("with a backslash", "a\\b", "\"\\\""),
      ("with dots", "..", "\"..\""), ("with an accented slash", "a/\u{301}b", "\"/\""),
      ("with accented dots", "..\u{301}", "\"..\""),
    ].map { (what, name, words) in
      .refused("T1 name \(what)", "the name of tensor 0", words) {
        $0.header(tensors: 1)
        $0.faultOffset = 32
        $0.tensor(name)
        $0.pad()
        $0.zeros(32)
      }
    } + [
      .refused("T1 name of 64 bytes", "the name of tensor 0", "1 to 63", "found 64") {
        $0.nameOfTensor(String(repeating: "n", count: 64))
      },
      .opens("T1 name of 63 bytes", build: { $0.nameOfTensor(String(repeating: "n", count: 63)) }),
      .refused("T1 empty name", "the name of tensor 0", "1 to 63", "found 0") {
        $0.nameOfTensor("")
      },
      .refused("T1 name length 2^64 - 1", "the name of tensor 0", "below 2^63") {
        $0.header(tensors: 1)
        $0.fault()
        $0.u64(.max)
        $0.zeros(64)
      },
      .refused("T1 name not UTF-8", "the name of tensor 0", "UTF-8") {
        $0.header(tensors: 1)
        $0.u64(2)
        $0.fault()
        $0.bytes += [0x61, 0xFF]
        $0.zeros(64)
      },
      .refused("T1 duplicate name", "tensor 1", "each name once", "\"twin\" again") {
        $0.header(tensors: 2)
        $0.tensor("twin")
        $0.fault()
        $0.tensor("twin", offset: 32)
        $0.pad()
        $0.zeros(64)
      },
    ]

  /// Rows T2 and T3: numbers of dimensions, and dimensions.
  static let shapes: [MalformedCase] =
    [5, 8, 9, .max].map { (count: UInt32) in
      .refused("T2 \(count) dimensions", "the number of dimensions of \"t\"", "\(count)") {
        $0.header(tensors: 1)
        $0.string("t")
        $0.fault()
        $0.u32(count)
        $0.zeros(200)
      }
    } + [
      .opens("T2 no dimension", build: { $0.one([]) }) {
        try $0.tensor("t").weightCount == 1 && $0.byteRange(of: $0.tensor("t")).count == 4
      },
      .refused("T3 dimension -1", "dimension 1 of \"t\"", "18446744073709551615") {
        $0.one([4, .max])
        $0.faultOffset = 24 + 9 + 4 + 8
      },
      .refused("T3 dimension 2^63", "dimension 0 of \"t\"", "below 2^63") {
        $0.one([1 << 63])
        $0.faultOffset = 24 + 9 + 4
      },
      .opens("T3 dimension 0", build: { $0.one([4, 0], data: 0) }) {
        let tensor = try $0.tensor("t")
        return try tensor.rowCount == 0 && $0.bytes(of: tensor).isEmpty
      },
      .opens("T3 dimension 0, file without padding", build: { $0.empty() }) {
        try !$0.files[0].isTruncated && $0.bytes(of: $0.tensor("t")).isEmpty
      },
      .refused("T3 dimension 0 hiding a product that wraps", "\"t\"", "fewer than 2^63 weights") {
        $0.one([0, 1 << 40, 1 << 40])
      },
      .refused("T3 dimension 0 after a product that wraps", "\"t\"", "fewer than 2^63 weights") {
        $0.one([1 << 40, 1 << 40, 0])
      },
      .refused("T3 dimension 0 with rows of 2^64 bytes", "\"t\"", "fewer than 2^63 bytes") {
        $0.one([1 << 62, 0])
      },
    ]

  /// Rows T4, T6 and T8: sizes.
  static let sizes: [MalformedCase] = [
    .refused("T4 product of dimensions wraps", "\"t\"", "fewer than 2^63 weights") {
      $0.one([4 << 31, 4 << 31])
    },
    .refused("T4 product of four dimensions is 2^64", "\"t\"", "fewer than 2^63 weights") {
      $0.one([1 << 16, 1 << 16, 1 << 16, 1 << 16], type: .I8)
    },
    .refused("T4 bytes above 2^63", "\"t\"", "fewer than 2^63 bytes") {
      $0.one([1 << 61], type: .I64)
    },
    .refused("T4 bytes of 2^64 - 16", "\"t\"", "fewer than 2^63 bytes") {
      $0.one([4, 1 << 30 - 1, 1 << 30 + 1])
    },
    .refused("T4 padding wraps", "\"t\"", "an end below 2^63") {
      $0.one([1 << 63 - 1], type: .I8)
    },
    .refused("T6 Q4_K in rows of 100", "\"t\"", "multiple of 256", "Q4_K", "100") {
      $0.one([100, 256], type: .Q4_K)
    },
    .refused("T6 Q8_0 scalar", "\"t\"", "multiple of 32", "Q8_0") { $0.one([], type: .Q8_0) },
    .refused("T8 sum of sizes wraps", "tensor \"b\"", "an end below 2^63", size: 1 << 40) {
      $0.header(tensors: 2)
      $0.tensor("a", [1 << 38], type: .I8)
      $0.fault()
      $0.tensor("b", [1 << 63 - 64], type: .I8, offset: 1 << 38)
    },
  ]
}

extension FileBuilder {
  /// A file of one tensor, which is the fault.
  mutating func one(
    _ dimensions: [UInt64], type: TensorType = .F32, offset: UInt64 = 0, data: Int = 64
  ) {
    header(tensors: 1)
    fault()
    tensor("t", dimensions, type: type, offset: offset)
    pad()
    zeros(data)
  }

  fileprivate mutating func empty() {
    header(tensors: 1)
    tensor("t", [0])
  }

  fileprivate mutating func nameOfTensor(_ name: String) {
    header(tensors: 1)
    fault()
    tensor(name)
    pad()
    zeros(32)
  }
}
