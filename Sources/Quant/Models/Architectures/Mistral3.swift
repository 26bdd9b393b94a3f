// SPDX-License-Identifier: MIT

/// Ministral 3: as llama, with queries of late positions raised where a key says so. Only estimated.
enum Mistral3: Architecture {
  static let names = ["mistral3"]

  static func memory(_: String) -> MemoryTraits {
    MemoryTraits(computation: ComputationTraits(.standard))
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
