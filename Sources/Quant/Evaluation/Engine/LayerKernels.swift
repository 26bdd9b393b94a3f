// SPDX-License-Identifier: MIT
internal import BlockFormats
package import BlockKernels
private import BlockKernelsAVX2
private import BlockKernelsAVX512
private import BlockKernelsBaseline

/// The kernels of the forward pass at the level that this machine has, as `Kernels` for formats.
package enum LayerKernels {
  static func normalize(
    _ source: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.normalize(
        source, target, rows: rows, columns: columns, weight: weight, bias: bias, epsilon: epsilon)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.normalize(
        source, target, rows: rows, columns: columns, weight: weight, bias: bias, epsilon: epsilon)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.normalize(
        source, target, rows: rows, columns: columns, weight: weight, bias: bias, epsilon: epsilon)
    }
  }

  static func add(
    _ target: FloatRows, rows: Int, columns: Int, bias: UnsafePointer<Float>
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.add(target, rows: rows, columns: columns, bias: bias)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.add(target, rows: rows, columns: columns, bias: bias)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.add(target, rows: rows, columns: columns, bias: bias)
    }
  }

  package static func addScaledRow(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, count: Int, factor: Float
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.addScaledRow(
        source, target, count: count, factor: factor)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.addScaledRow(source, target, count: count, factor: factor)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.addScaledRow(
        source, target, count: count, factor: factor)
    }
  }

  package static func scale(
    _ target: UnsafeMutablePointer<Float>, count: Int, factor: Float
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.scale(target, count: count, factor: factor)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.scale(target, count: count, factor: factor)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.scale(target, count: count, factor: factor)
    }
  }

  package static func squares(
    _ source: FloatRows, rows: Int, columns: Int, sums: UnsafeMutablePointer<Float>
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.squares(
        source, rows: rows, columns: columns, sums: sums)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.squares(source, rows: rows, columns: columns, sums: sums)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.squares(source, rows: rows, columns: columns, sums: sums)
    }
  }

  static func rotate(
    _ heads: FloatRows, rows: Int, count: Int, headStride: Int, pairs: Int, halved: Bool,
    angles: FloatRows
  ) {
    switch KernelLevel.current {
    case .baseline:
      BlockKernelsBaseline.LayerStamp.rotate(
        heads, rows: rows, count: count, headStride: headStride, pairs: pairs, halved: halved,
        angles: angles)
    case .avx2:
      BlockKernelsAVX2.LayerStamp.rotate(
        heads, rows: rows, count: count, headStride: headStride, pairs: pairs, halved: halved,
        angles: angles)
    case .avx512:
      BlockKernelsAVX512.LayerStamp.rotate(
        heads, rows: rows, count: count, headStride: headStride, pairs: pairs, halved: halved,
        angles: angles)
    }
  }

  static func softmax(
    _ scores: UnsafeMutablePointer<Float>, count: Int, low: Int, high: Int, scale: Float,
    cap: Float, sink: Float
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.softmax(
        scores, count: count, low: low, high: high, scale: scale, cap: cap, sink: sink)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.softmax(
        scores, count: count, low: low, high: high, scale: scale, cap: cap, sink: sink)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.softmax(
        scores, count: count, low: low, high: high, scale: scale, cap: cap, sink: sink)
    }
  }

  static func cap(
    _ row: UnsafeMutablePointer<Float>, count: Int, cap: Float
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.cap(row, count: count, cap: cap)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.cap(row, count: count, cap: cap)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.cap(row, count: count, cap: cap)
    }
  }

  static func gate(
    _ gate: FloatRows, _ up: FloatRows, _ target: FloatRows, rows: Int, columns: Int,
    activation: GateActivation
  ) {
    switch KernelLevel.current {
    case .baseline:
      BlockKernelsBaseline.LayerStamp.gate(
        gate, up, target, rows: rows, columns: columns, activation: activation)
    case .avx2:
      BlockKernelsAVX2.LayerStamp.gate(
        gate, up, target, rows: rows, columns: columns, activation: activation)
    case .avx512:
      BlockKernelsAVX512.LayerStamp.gate(
        gate, up, target, rows: rows, columns: columns, activation: activation)
    }
  }

  static func split(
    _ source: FloatRows, high: UnsafeMutablePointer<UInt16>, low: UnsafeMutablePointer<UInt16>?,
    rows: Int, columns: Int
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.LayerStamp.split(
        source, high: high, low: low, rows: rows, columns: columns)
    case .avx2:
      unsafe BlockKernelsAVX2.LayerStamp.split(
        source, high: high, low: low, rows: rows, columns: columns)
    case .avx512:
      unsafe BlockKernelsAVX512.LayerStamp.split(
        source, high: high, low: low, rows: rows, columns: columns)
    }
  }
}
