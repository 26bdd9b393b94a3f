// SPDX-License-Identifier: MIT
package import BlockKernels
private import BlockKernelsAVX2
private import BlockKernelsAVX512
private import BlockKernelsBaseline

/// The kernels at the level that this machine has: the one place that chooses.
package enum Kernels {
  static func decode(_ decoder: BlockDecoder, _ run: BlockRun) {
    switch KernelLevel.current {
    case .baseline: BlockKernelsBaseline.Stamp.decode(decoder, run)
    case .avx2: BlockKernelsAVX2.Stamp.decode(decoder, run)
    case .avx512: BlockKernelsAVX512.Stamp.decode(decoder, run)
    }
  }

  static func affine(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory) {
    switch KernelLevel.current {
    case .baseline: BlockKernelsBaseline.Stamp.affine(source, shape, memory)
    case .avx2: BlockKernelsAVX2.Stamp.affine(source, shape, memory)
    case .avx512: BlockKernelsAVX512.Stamp.affine(source, shape, memory)
    }
  }

  static func symmetric(_ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory) {
    switch KernelLevel.current {
    case .baseline: BlockKernelsBaseline.Stamp.symmetric(source, shape, memory)
    case .avx2: BlockKernelsAVX2.Stamp.symmetric(source, shape, memory)
    case .avx512: BlockKernelsAVX512.Stamp.symmetric(source, shape, memory)
    }
  }

  static func values(
    _ source: GroupSource, _ shape: SearchShape, _ table: ValueTable, _ memory: GroupMemory
  ) {
    switch KernelLevel.current {
    case .baseline: BlockKernelsBaseline.Stamp.values(source, shape, table, memory)
    case .avx2: BlockKernelsAVX2.Stamp.values(source, shape, table, memory)
    case .avx512: BlockKernelsAVX512.Stamp.values(source, shape, table, memory)
    }
  }

  static func grid(
    _ source: GroupSource, _ shape: GridShape, _ book: Codebook, _ memory: GridMemory
  ) {
    switch KernelLevel.current {
    case .baseline: BlockKernelsBaseline.Stamp.grid(source, shape, book, memory)
    case .avx2: BlockKernelsAVX2.Stamp.grid(source, shape, book, memory)
    case .avx512: BlockKernelsAVX512.Stamp.grid(source, shape, book, memory)
    }
  }

  static func round(
    _ weights: UnsafePointer<Float>, _ count: Int, _ inverse: Float,
    _ quants: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.round(weights, count, inverse, quants)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.round(weights, count, inverse, quants)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.round(weights, count, inverse, quants)
    }
  }

  static func extreme(_ weights: UnsafePointer<Float>, _ count: Int) -> Float {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.extreme(weights, count)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.extreme(weights, count)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.extreme(weights, count)
    }
  }

  static func halves(
    _ weights: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.halves(weights, count, target)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.halves(weights, count, target)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.halves(weights, count, target)
    }
  }

  static func upperHalves(
    _ weights: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.upperHalves(weights, count, target)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.upperHalves(weights, count, target)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.upperHalves(weights, count, target)
    }
  }

  static func ternary(
    _ source: GroupSource, _ packing: TernaryPacking, _ isQuick: Bool, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.Stamp.ternary(source, packing, isQuick, memory, blocks)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.ternary(source, packing, isQuick, memory, blocks)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.ternary(source, packing, isQuick, memory, blocks)
    }
  }

  static func mxfp4(
    _ source: GroupSource, _ attempts: Int, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.mxfp4(source, attempts, memory, blocks)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.mxfp4(source, attempts, memory, blocks)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.mxfp4(source, attempts, memory, blocks)
    }
  }

  static func nvfp4(
    _ source: GroupSource, _ below: Int, _ above: Int, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.nvfp4(source, below, above, memory, blocks)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.nvfp4(source, below, above, memory, blocks)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.nvfp4(source, below, above, memory, blocks)
    }
  }

  static func q2_0(
    _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory,
    _ blocks: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.q2_0(source, shape, memory, blocks)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.q2_0(source, shape, memory, blocks)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.q2_0(source, shape, memory, blocks)
    }
  }

  static func exponentials(
    _ numbers: UnsafePointer<Float>, _ count: Int, _ target: UnsafeMutableRawPointer
  ) {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.exponentials(numbers, count, target)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.exponentials(numbers, count, target)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.exponentials(numbers, count, target)
    }
  }

  package static func peak(
    _ row: UnsafeRawPointer, _ count: Int, _ scratch: UnsafeMutableRawPointer
  ) -> RowPeak {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.peak(row, count, scratch)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.peak(row, count, scratch)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.peak(row, count, scratch)
    }
  }

  package static func sum(
    _ row: UnsafeRawPointer, _ count: Int, _ peak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> Double {
    switch KernelLevel.current {
    case .baseline: unsafe BlockKernelsBaseline.Stamp.sum(row, count, peak, scratch)
    case .avx2: unsafe BlockKernelsAVX2.Stamp.sum(row, count, peak, scratch)
    case .avx512: unsafe BlockKernelsAVX512.Stamp.sum(row, count, peak, scratch)
    }
  }

  package static func divergence(
    _ base: UnsafeRawPointer, _ variant: UnsafeRawPointer, _ count: Int, _ basePeak: Float,
    _ variantPeak: Float, _ scratch: UnsafeMutableRawPointer
  ) -> RowDivergence {
    switch KernelLevel.current {
    case .baseline:
      unsafe BlockKernelsBaseline.Stamp.divergence(
        base, variant, count, basePeak, variantPeak, scratch)
    case .avx2:
      unsafe BlockKernelsAVX2.Stamp.divergence(base, variant, count, basePeak, variantPeak, scratch)
    case .avx512:
      unsafe BlockKernelsAVX512.Stamp.divergence(
        base, variant, count, basePeak, variantPeak, scratch)
    }
  }
}
