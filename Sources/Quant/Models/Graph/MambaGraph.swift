// SPDX-License-Identifier: MIT
public import GGUF

/// The selective scan of Mamba 1: every channel has a few states that decay at rates of their own.
public struct MambaGraph: Sendable {
  /// From the model's width to channels, and as many gates behind them.
  public var input: Linear
  /// Of the channels.
  public var convolution: ConvolutionGraph
  /// From channels to what steps are made of, and to what goes into the states and comes out of them.
  public var parameters: Linear
  /// Of what steps are made of.
  public var stepNorm: Norm?
  /// Of what goes into the states.
  public var inputNorm: Norm?
  /// Of what comes out of them.
  public var outputNorm: Norm?
  /// To a step for each channel.
  public var step: Linear
  /// The rates: for each channel one a state.
  public var rates: TensorInfo
  /// A factor on what passes the states by, one a channel.
  public var skips: TensorInfo
  /// Channels.
  public var inner: Int
  /// States of a channel.
  public var states: Int
  /// Back to the model's width.
  public var output: Linear

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] {
    [input.tensor, parameters.tensor, step.tensor, output.tensor]
  }
}
