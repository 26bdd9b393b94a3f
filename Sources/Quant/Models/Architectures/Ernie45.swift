// SPDX-License-Identifier: MIT

/// ERNIE 4.5, dense and with experts. Only estimated.
enum Ernie45: Architecture {
  static let names = ["ernie4_5", "ernie4_5-moe"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
