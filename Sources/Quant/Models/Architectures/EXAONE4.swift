// SPDX-License-Identifier: MIT

/// EXAONE 4: every fourth layer sees everything, the others a window. Only estimated.
enum EXAONE4: Architecture {
  static let names = ["exaone4"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 4) }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
