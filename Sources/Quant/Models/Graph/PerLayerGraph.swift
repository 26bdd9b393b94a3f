// SPDX-License-Identifier: MIT
public import GGUF

/// What a layer adds for the token by itself (per-layer embeddings): output(gelu(gate x) · input).
public struct PerLayerGraph: Sendable {
  /// To the width of the layer's input.
  public var gate: Linear
  /// What the layer gets.
  public var input: PerLayerInput
  /// Back to the model's width.
  public var output: Linear

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [gate.tensor, output.tensor] }

  package init(gate: Linear, input: PerLayerInput, output: Linear) {
    self.gate = gate
    self.input = input
    self.output = output
  }
}

/// A layer's own input for each token: its part of the token's row of a second embedding, and the norm of
/// its part of a product with the first.
public struct PerLayerInput: Sendable {
  /// Which part: the layer.
  public var part: Int
  /// Where the token's number is kept.
  public var token: CarriedSlot
  /// One row a token, with the parts of all layers.
  public var rows: TensorInfo
  /// A factor on rows.
  public var rowScale: Float
  /// Where the state that the first layer takes is kept.
  public var start: CarriedSlot
  /// To the layer's part: the tensor holds those of all layers.
  public var product: Linear
  /// A factor on the product.
  public var productScale: Float
  /// Of that.
  public var norm: Norm
  /// A factor on the sum of both.
  public var sumScale: Float
  /// Numbers of a part.
  public var width: Int { product.outputs }
}
