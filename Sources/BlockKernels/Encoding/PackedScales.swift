// SPDX-License-Identifier: MIT

/// Eight scales and eight mins of 6 bits in 12 bytes, as Q4_K and Q5_K have them.
///
///     byte     bits 7 6          bits 5 ... 0
///     0...3    s[j + 4] 5 4      s[j]
///     4...7    m[j] 5 4          m[j - 4]       where byte j holds: upper bits of m[j], and m[j - 4]
///     byte     bits 7 ... 4      bits 3 ... 0
///     8...11   m[j - 4] 3 ... 0  s[j - 4] 3 ... 0
enum PackedScales {
  /// Stores what a search found.
  @inline(__always)
  static func pack(_ found: FoundBlock, into block: inout MutableRawSpan, at offset: Int) {
    for index in 0..<4 {
      let scale = UInt8(bitPattern: found.scaleCodes[index])
      let min = UInt8(bitPattern: found.minCodes[index])
      let laterScale = UInt8(bitPattern: found.scaleCodes[index + 4])
      let laterMin = UInt8(bitPattern: found.minCodes[index + 4])
      block.set(scale | (laterScale >> 4) << 6, at: offset + index)
      block.set(min | (laterMin >> 4) << 6, at: offset + index + 4)
      block.set(laterScale & 15 | laterMin << 4, at: offset + index + 8)
    }
  }
}
