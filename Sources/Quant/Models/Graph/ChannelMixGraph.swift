// SPDX-License-Identifier: MIT
public import GGUF

/// The channel mixing of RWKV: a network with relu² that sees a mixture of the token and the one before.
public struct ChannelMixGraph: Sendable {
  /// The share of the previous token in what the network sees, one a column.
  public var share: TensorInfo
  /// To the network's width.
  public var key: Linear
  /// Back to the model's width.
  public var value: Linear
  /// What the output is multiplied with, after a sigmoid, if there is anything.
  public var receptance: Receptance?

  /// A product of another mixture of the two tokens.
  public struct Receptance: Sendable {
    /// The share of the previous token.
    public var share: TensorInfo
    /// The product.
    public var linear: Linear

    package init(share: TensorInfo, linear: Linear) {
      self.share = share
      self.linear = linear
    }
  }

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] {
    [key.tensor, value.tensor] + (receptance.map { [$0.linear.tensor] } ?? [])
  }
}
