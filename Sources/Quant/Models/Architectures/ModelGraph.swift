// SPDX-License-Identifier: MIT
public import GGUF

/// What a model computes, as a value: every architecture describes itself as one of these, and one
/// engine runs them all.
public struct ModelGraph: Sendable {
  /// Numbers that stand for a token between layers.
  public var width: Int
  /// Tokens that the model knows.
  public var vocabulary: Int
  /// What is added to mean squares before they divide.
  public var epsilon: Float
  /// One row a token.
  public var embedding: TensorInfo
  /// A factor on embeddings.
  public var embeddingScale: Float = 1
  /// The layers, in order.
  public var layers: [LayerGraph]
  /// Before the output matrix.
  public var outputNorm: Norm
  /// From the last layer to a logit a token.
  public var output: Linear
  /// A factor on logits.
  public var logitScale: Float = 1
  /// If not zero, logits x become cap · tanh(x / cap).
  public var logitCap: Float = 0
}

/// Division by the root mean square, then a factor and perhaps a summand for each column.
public struct Norm: Sendable {
  /// The factors; all 1 if missing.
  public var weight: TensorInfo?
  /// The summands.
  public var bias: TensorInfo?

  /// Describes a norm.
  package init(weight: TensorInfo?, bias: TensorInfo?) {
    self.weight = weight
    self.bias = bias
  }
}

/// A matrix product, perhaps with something added: out = W x + b.
public struct Linear: Sendable {
  /// The matrix, or the matrices of all experts: one row (of its innermost dimension) an output.
  public var tensor: TensorInfo
  /// Numbers that come out.
  public var outputs: Int
  /// What is added.
  public var bias: TensorInfo?
  /// Factors on the whole product, one a matrix, which some files keep in a tensor of their own.
  public var factor: TensorInfo?
  /// Numbers that go in.
  public var inputs: Int { tensor.rowWeights }

  /// Makes one of its tensors.
  package init(
    tensor: TensorInfo, outputs: Int, bias: TensorInfo? = nil, factor: TensorInfo? = nil
  ) {
    self.tensor = tensor
    self.outputs = outputs
    self.bias = bias
    self.factor = factor
  }
}

/// One layer: attention, then a feed-forward network, each added to what came in.
public struct LayerGraph: Sendable {
  /// Before attention.
  public var attentionNorm: Norm
  /// Attention.
  public var attention: AttentionGraph
  /// After attention, before it is added.
  public var attentionPostNorm: Norm?
  /// Before the feed-forward network.
  public var feedForwardNorm: Norm
  /// The feed-forward network.
  public var feedForward: FeedForwardGraph
  /// After it, before it is added.
  public var feedForwardPostNorm: Norm?
  /// A factor on what is added.
  public var residualScale: Float = 1
}
