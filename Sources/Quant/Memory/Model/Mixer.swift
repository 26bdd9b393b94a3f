// SPDX-License-Identifier: MIT

/// What mixes the tokens of a recurrent layer.
enum Mixer {
  /// A state space as in the first Mamba.
  case mamba
  /// One with heads, as in Mamba 2.
  case mamba2
  /// A convolution over a few tokens, with gates.
  case shortConvolution

  /// The names, without `blk.N.`, of the tensors that it must have.
  var tensors: [String] {
    switch self {
    case .mamba:
      ["in", "conv1d", "x", "dt", "out"].map { "ssm_\($0).weight" }
        + ["ssm_conv1d.bias", "ssm_dt.bias", "ssm_a", "ssm_d"]
    case .mamba2:
      ["ssm_in.weight", "ssm_conv1d.weight", "ssm_dt.bias", "ssm_a", "ssm_d", "ssm_out.weight"]
    case .shortConvolution: ["in_proj", "conv", "out_proj"].map { "shortconv.\($0).weight" }
    }
  }
}

extension MemoryModel {
  /// What mixes the tokens of a layer with a state; `nil` if that is something else.
  func mixer(_ layer: Int) -> Mixer? {
    guard shape.layers[layer].recurrence != nil else { return nil }
    if contains("blk.\(layer).shortconv.conv.weight") { return .shortConvolution }
    if contains("blk.\(layer).ssm_x.weight") { return .mamba }
    return shape.stateSpace?.hasHeads == true ? .mamba2 : nil
  }
}

extension ModelShape.StateSpace {
  /// Whether it has heads and groups, as Mamba 2 needs.
  var hasHeads: Bool { timeStepRank > 0 && groups > 0 && inner >= timeStepRank }
}
