// SPDX-License-Identifier: MIT

/// DeepSeek V4: every layer sees a window, and compressed rows of what was before it. Only estimated.
enum DeepSeek4: Architecture {
  static let names = ["deepseek4"]

  static func memory(_: String) -> MemoryTraits { MemoryTraits(slidingPeriod: .max) }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
