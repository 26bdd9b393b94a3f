// SPDX-License-Identifier: MIT

/// Rounding to 8 bits, which needs no search and no memory: spans become pointers here.
enum ByteRounding {
  /// The half-precision scale at which the largest magnitude becomes 127.
  static func scale(of weights: Span<Float>, _ table: KernelTable) -> Float {
    nearestHalf(extreme(of: weights, table).magnitude / 127)
  }

  /// The weight of largest magnitude, with its sign.
  ///
  /// - Precondition: `weights.count` is a multiple of 16.
  static func extreme(of weights: Span<Float>, _ table: KernelTable) -> Float {
    precondition(weights.count % laneCount == 0)
    return unsafe weights.withUnsafeBufferPointer { weights in
      guard let first = weights.baseAddress else { return 0 }
      return unsafe table.searches.extreme(first, weights.count)
    }
  }

  /// Stores weights / scale, rounded to whole numbers from -127 to 127, as signed bytes.
  ///
  /// - Precondition: There are as many bytes as weights, a multiple of 16.
  static func round(
    _ weights: Span<Float>, scale: Float, into bytes: inout MutableRawSpan, _ table: KernelTable
  ) {
    precondition(weights.count % laneCount == 0 && bytes.byteCount == weights.count)
    // The inverse of a subnormal scale may not be finite; such weights come back as zeros.
    let inverse = scale.magnitude < .leastNormalMagnitude ? 0 : 1 / scale
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe weights.withUnsafeBufferPointer { weights in
        guard let source = weights.baseAddress, let target = bytes.baseAddress else { return }
        unsafe table.searches.round(source, weights.count, inverse, target)
      }
    }
  }
}
