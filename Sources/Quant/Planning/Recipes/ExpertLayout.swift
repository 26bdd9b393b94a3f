// SPDX-License-Identifier: MIT

/// How the tensors of experts are laid out in a file.
public enum ExpertLayout: String, Sendable, CaseIterable {
  /// As the source has them.
  case keep
  /// All experts of a layer and projection in one tensor of one type: what every runtime loads.
  case merged
  /// A tensor for every expert, each of its own type: `blk.3.ffn_up.7.weight`.
  case perExpert = "per-expert"
}

extension ExpertLayout {
  /// More than any model has: numbers in a file are not trusted with memory.
  package static let mostExperts = 4096
  /// Tensors that a model may come to have when its experts are cut apart.
  static let mostTensors = 1 << 20
}
