// SPDX-License-Identifier: MIT

/// Hunyuan, dense and with experts: heads are rotated before their norms. Only estimated.
enum Hunyuan: Architecture {
  static let names = ["hunyuan-dense", "hunyuan-moe"]

  static func memory(_: String) -> MemoryTraits {
    var computation = ComputationTraits(.standard)
    computation.rotatesBeforeNorms = true
    return MemoryTraits(computation: computation)
  }

  static func huggingFace(_: String) -> HuggingFaceMapping? { nil }
}
