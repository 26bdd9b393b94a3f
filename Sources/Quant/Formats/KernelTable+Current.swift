// SPDX-License-Identifier: MIT
public import BlockKernels
private import BlockKernelsAVX2
private import BlockKernelsAVX512
private import BlockKernelsBaseline

extension KernelTable {
  /// The kernels of the level in use.
  public static let current = KernelTable(level: .current)

  /// The kernels of a level: the one place that chooses.
  ///
  /// - Precondition: The machine has the level's instructions (`KernelLevel.available`).
  public convenience init(level: KernelLevel) {
    precondition(KernelLevel.available.contains(level), "this machine has no \(level.rawValue)")
    switch level {
    case .baseline: self.init(BlockKernelsBaseline.LevelKernels.self)
    case .avx2: self.init(BlockKernelsAVX2.LevelKernels.self)
    case .avx512: self.init(BlockKernelsAVX512.LevelKernels.self)
    }
  }
}
