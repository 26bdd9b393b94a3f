// SPDX-License-Identifier: MIT
public import GGUF

/// The scan of Mamba 2: each head has a matrix of states that decays by one factor a token.
public struct Mamba2Graph: Sendable {
  /// From the model's width to gates, channels with what goes into the states and comes out of them, and a
  /// step for each head.
  public var input: Linear
  /// Of the channels and of what goes in and comes out.
  public var convolution: ConvolutionGraph
  /// Added to steps.
  public var stepBias: TensorInfo
  /// The rate of each head.
  public var rates: TensorInfo
  /// A factor on what passes the states by, one a head.
  public var skips: TensorInfo
  /// Factors of the norm of each group's channels, one a channel; `nil` for no norm.
  public var norm: TensorInfo?
  /// Channels of all heads.
  public var inner: Int
  /// States of a channel.
  public var states: Int
  /// Groups of heads that share what goes in and comes out.
  public var groups: Int
  /// Heads.
  public var heads: Int
  /// Back to the model's width.
  public var output: Linear

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [input.tensor, output.tensor] }
}
