// SPDX-License-Identifier: MIT
public import GGUF

/// A short causal convolution of each channel by itself: the last tap meets the token itself, and what
/// comes before a text is zero.
public struct ConvolutionGraph: Sendable {
  /// The taps: innermost those of one channel.
  public var weight: TensorInfo
  /// What is added, one a channel.
  public var bias: TensorInfo?
  /// Tokens that meet in a result.
  public var size: Int { weight.rowWeights }
  /// How many channels.
  public var channels: Int { weight.weightCount / weight.rowWeights }

  package init(weight: TensorInfo, bias: TensorInfo? = nil) {
    self.weight = weight
    self.bias = bias
  }
}
