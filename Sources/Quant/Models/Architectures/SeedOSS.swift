// SPDX-License-Identifier: MIT

/// Seed-OSS. Only estimated.
enum SeedOSS: Architecture {
  static let names = ["seed_oss"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
