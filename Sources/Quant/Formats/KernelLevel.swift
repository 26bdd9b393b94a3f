// SPDX-License-Identifier: MIT
import CPUFeatures

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Which build of the block kernels runs. All levels give the same bytes; they differ in speed.
public enum KernelLevel: String, Sendable, CaseIterable, Comparable {
  /// What every CPU of the architecture has: SSE2 on x86-64, NEON on arm64.
  case baseline
  /// x86-64-v3.
  case avx2
  /// x86-64-v4.
  case avx512

  /// The variable of the environment that asks for a level.
  public static let variable = "GGUF_TOOL_KERNELS"

  /// The level in use: the one asked for, or the highest that this machine has. Chosen once.
  ///
  /// A level that the machine does not have, or a name that is none, is passed over; `check()` tells.
  public static let current: KernelLevel = {
    let wanted = requested.flatMap { KernelLevel(rawValue: $0) } ?? .avx512
    return available.filter { $0 <= wanted }.max() ?? .baseline
  }()

  /// The levels that this machine can run.
  public static var available: [KernelLevel] {
    allCases.filter { level in
      switch level {
      case .baseline: true
      case .avx2: cpu_has_avx2()
      case .avx512: cpu_has_avx512()
      }
    }
  }

  /// Throws if the environment asks for a level that is not to be had.
  public static func check() throws(KernelLevelError) {
    guard let requested else { return }
    guard let level = KernelLevel(rawValue: requested), available.contains(level) else {
      let names = available.map(\.rawValue).joined(separator: ", ")
      throw KernelLevelError(
        description: "\(variable): expected one of \(names), found \"\(requested)\"")
    }
  }

  private static var requested: String? {
    unsafe getenv(variable).map { unsafe String(cString: $0) }
  }

  /// By what they need of the CPU.
  public static func < (a: KernelLevel, b: KernelLevel) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .baseline: 0
    case .avx2: 1
    case .avx512: 2
    }
  }
}

/// A level was asked for that is none, or that this machine does not have.
public struct KernelLevelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// One sentence: what was expected, what was found.
  public let description: String
}
