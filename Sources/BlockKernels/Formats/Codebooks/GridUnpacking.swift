// SPDX-License-Identifier: MIT

/// Turns packed codebooks into tables that vector code can load from: once, at first use.
enum GridUnpacking {
  /// Unpacks groups of eight 2-bit digits.
  static func groupsOf8(_ packed: Span<UInt16>, _ levels: [Float]) -> [SIMD8<Float>] {
    packed.indices.map { index in
      var group = SIMD8<Float>()
      for lane in 0..<8 { group[lane] = levels[Int(packed[index] >> (2 * lane) & 3)] }
      return group
    }
  }

  /// Unpacks groups of four 3-bit digits.
  static func groupsOf4(_ packed: Span<UInt16>, _ levels: [Float]) -> [SIMD4<Float>] {
    packed.indices.map { index in
      var group = SIMD4<Float>()
      for lane in 0..<4 { group[lane] = levels[Int(packed[index] >> (3 * lane) & 7)] }
      return group
    }
  }
}
