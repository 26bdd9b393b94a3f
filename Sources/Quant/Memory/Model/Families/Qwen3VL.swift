// SPDX-License-Identifier: MIT
internal import QuantModels

/// Qwen 3 VL, dense and with experts: Qwen 3 whose embedding has room for features of pictures beside it,
/// which the first layers add to what they say.
enum Qwen3VL: MemoryFamily {
  static let names = ["qwen3vl", "qwen3vlmoe"]

  static func computation(_: String) -> ComputationTraits? {
    var computation = ComputationTraits(.standard)
    computation.positionsPerToken = 4
    return computation
  }
}
