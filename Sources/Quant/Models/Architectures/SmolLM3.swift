// SPDX-License-Identifier: MIT

/// SmolLM 3: every fourth layer does not rotate. Only estimated.
enum SmolLM3: Architecture {
  static let names = ["smollm3"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.unrotatedPeriod = 4
    return MemoryTraits(computation: computation)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
