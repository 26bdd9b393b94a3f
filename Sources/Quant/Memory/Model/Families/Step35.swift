// SPDX-License-Identifier: MIT
internal import QuantModels

/// Step 3.5: a gate for every head, layers with a window that have more heads, and experts of which one
/// takes every token.
enum Step35: MemoryFamily {
  static let names = ["step35"]

  static func computation(_: String) -> ComputationTraits? {
    var computation = ComputationTraits(.standard)
    computation.storesKeysFirst = true
    computation.gating = .sigmoid
    computation.choosesRowsLast = true
    return computation
  }
}
