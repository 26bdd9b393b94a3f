// SPDX-License-Identifier: MIT
internal import QuantModels

/// Command R7B and A: attention and feed-forward network read the same norm and are added up. Layers
/// with a window turn by positions, the others do not.
enum Cohere2: MemoryFamily {
  static let names = ["cohere2"]
}
