// SPDX-License-Identifier: MIT

/// Narrowing to 16 bits, which needs no search and no memory: spans become pointers here.
enum Narrowing {
  /// Writes the nearest halves, finite for finite weights.
  ///
  /// - Precondition: There are two bytes a weight.
  static func halves(_ weights: Span<Float>, into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount == 2 * weights.count)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe weights.withUnsafeBufferPointer { weights in
        guard let source = weights.baseAddress, let target = bytes.baseAddress else { return }
        unsafe Kernels.halves(source, weights.count, target)
      }
    }
  }

  /// Writes the upper 16 bits of the nearest numbers that have no others, finite for finite weights.
  ///
  /// - Precondition: There are two bytes a weight.
  static func upperHalves(_ weights: Span<Float>, into bytes: inout MutableRawSpan) {
    precondition(bytes.byteCount == 2 * weights.count)
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe weights.withUnsafeBufferPointer { weights in
        guard let source = weights.baseAddress, let target = bytes.baseAddress else { return }
        unsafe Kernels.upperHalves(source, weights.count, target)
      }
    }
  }
}
