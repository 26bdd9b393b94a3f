// SPDX-License-Identifier: MIT

/// Gemma 3n: every fifth layer sees everything, the others a window. Only estimated.
enum Gemma3n: Architecture {
  static let names = ["gemma3n"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: 5) }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
