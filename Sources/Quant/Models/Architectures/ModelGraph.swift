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

/// Which earlier positions a position sees, itself among them.
public enum AttentionWindow: Sendable, Hashable {
  /// All.
  case full
  /// The last so many.
  case sliding(Int)
  /// Those since the last multiple of so many.
  case chunked(Int)

  /// The first position that position `query` sees.
  package func first(for query: Int) -> Int {
    switch self {
    case .full: 0
    case .sliding(let size): max(0, query - size + 1)
    case .chunked(let size): query / size * size
    }
  }
}

/// How queries, keys and values are made.
public enum AttentionInput: Sendable {
  /// Three products.
  case separate(query: Linear, key: Linear, value: Linear)
  /// One product: all queries, then all keys, then all values. Biases may stand apart.
  case fused(Linear, queryBias: TensorInfo?, keyBias: TensorInfo?, valueBias: TensorInfo?)
  /// Keys and values through a narrow latent vector (DeepSeek's multi-head latent attention).
  case latent(LatentAttention)
}

/// Keys and values made from a latent vector that all heads share.
public struct LatentAttention: Sendable {
  /// How queries are made.
  public enum Query: Sendable {
    /// By one product.
    case direct(Linear)
    /// Through a narrow vector.
    case compressed(down: Linear, norm: Norm, up: Linear)
  }
  /// How the latent vector becomes keys and values.
  public enum Expansion: Sendable {
    /// One product: each head's keys, then its values.
    case joint(Linear)
    /// A matrix a head for each: keys transposed (`latent` rows), values `valueSize` rows.
    case perHead(key: TensorInfo, value: TensorInfo)
  }
  /// How queries are made.
  public var query: Query
  /// To the latent vector and, after it, the rotated part of the key.
  public var down: Linear
  /// Of the latent vector.
  public var norm: Norm
  /// How it becomes keys and values.
  public var expansion: Expansion
  /// Numbers of the latent vector.
  public var latent: Int
}

/// A norm of queries or keys.
public enum HeadNorm: Sendable {
  /// Of each head by itself.
  case perHead(Norm)
  /// Of all heads together.
  case whole(Norm)
}

/// Attention of one layer.
public struct AttentionGraph: Sendable {
  /// How queries, keys and values are made.
  public var input: AttentionInput
  /// Query heads.
  public var heads: Int
  /// Key and value heads: each serves `heads / keyValueHeads` query heads.
  public var keyValueHeads: Int
  /// Numbers of a query or key.
  public var keySize: Int
  /// Numbers of a value.
  public var valueSize: Int
  /// Norms before rotation.
  public var queryNorm: HeadNorm?
  /// Likewise for keys.
  public var keyNorm: HeadNorm?
  /// Whether each head of both is normed after rotation, without weights.
  public var normsAfterRotation = false
  /// The rotation, if the layer has one.
  public var rotation: Rotation?
  /// The factor on products of queries and keys.
  public var scale: Float
  /// If not zero, scores x become cap · tanh(x / cap).
  public var cap: Float = 0
  /// What a position sees.
  public var window = AttentionWindow.full
  /// A score for each head that takes part in the softmax and has no value.
  public var sinks: TensorInfo?
  /// A factor on queries that grows with their position, if there is one.
  public var temperature: AttentionTemperature?
  /// From the heads' values back to the model's width.
  public var output: Linear
}

/// Rotary embedding.
public struct Rotation: Sendable {
  /// Which numbers are turned together.
  public enum Pairing: Sendable {
    /// Neighbours (llama.cpp's NORM).
    case neighbours
    /// One of each half (NEOX).
    case halves
  }
  /// How angles are made smaller for long contexts.
  public enum Scaling: Sendable {
    /// All by one factor.
    case linear(Float)
    /// By a factor that depends on the frequency (YaRN).
    case yarn(factor: Float, originalContext: Int)
  }
  /// Which numbers are turned together.
  public var pairing: Pairing
  /// Numbers of a head that are turned, from the first on.
  public var dimensions: Int
  /// The base of the frequencies.
  public var base: Float
  /// How angles are made smaller.
  public var scaling = Scaling.linear(1)
  /// A divisor for each pair's angle.
  public var factors: TensorInfo?
  /// A factor on the rotated numbers.
  public var magnitude: Float = 1
}

/// The feed-forward network of a layer.
public enum FeedForwardGraph: Sendable {
  /// The same for all tokens.
  case dense(DenseGraph)
  /// Experts, some of which are chosen for each token.
  case mixture(MixtureGraph)
}

/// What stands between the products of a feed-forward network.
public enum Activation: Sendable, Hashable {
  /// x · sigmoid(x), times the other half.
  case silu
  /// The tanh form of GELU, times the other half.
  case gelu
  /// gpt-oss: clamped, with sigmoid(1.702 x), times one more than the other half.
  case clampedSwish
}

/// A gated feed-forward network: down(activation(gate x) · up x).
public struct DenseGraph: Sendable {
  /// The two halves.
  public enum Input: Sendable {
    /// Two products.
    case separate(gate: Linear, up: Linear)
    /// One product: gate first, then up.
    case fused(Linear)
  }
  /// The two halves.
  public var input: Input
  /// Numbers between the products.
  public var width: Int
  /// What stands between them.
  public var activation = Activation.silu
  /// Back to the model's width.
  public var down: Linear
}

/// A mixture of experts.
public struct MixtureGraph: Sendable {
  /// How router logits become probabilities.
  public enum Gating: Sendable, Hashable {
    /// Softmax over all experts.
    case softmax
    /// Sigmoid of each.
    case sigmoid
    /// Softmax over those chosen.
    case softmaxOfChosen
    /// Root of softplus of each.
    case rootSoftplus
  }
  /// To a logit for each expert.
  public var router: Linear
  /// Added to probabilities for the choice alone.
  public var selectionBias: TensorInfo?
  /// How many experts there are.
  public var count: Int
  /// How many are chosen.
  public var used: Int
  /// Groups of consecutive experts; 1 for none.
  public var groups = 1
  /// Groups that are kept.
  public var usedGroups = 1
  /// How logits become probabilities.
  public var gating: Gating
  /// Whether experts are chosen by logits instead of probabilities.
  public var choosesByLogits = false
  /// Whether the weights of those chosen are made to add up to 1.
  public var normalizes: Bool
  /// A factor on all weights.
  public var weightScale: Float = 1
  /// Whether an expert's input is multiplied by its weight, instead of its output.
  public var weighsInput = false
  /// The experts.
  public var experts: ExpertGraph
  /// A network that all tokens pass, too.
  public var shared: DenseGraph?
  /// A product with one output whose sigmoid the shared network's output is multiplied with.
  public var sharedGate: Linear?
}

/// The networks of routed experts.
public struct ExpertGraph: Sendable {
  /// Where the matrices of one projection are.
  public enum Matrices: Sendable {
    /// All in one tensor; biases, too.
    case merged(Linear)
    /// One tensor an expert.
    case separate([Linear])

    /// The product of one expert, and which matrix of the tensor it is.
    package func expert(_ index: Int) -> (linear: Linear, matrix: Int) {
      switch self {
      case .merged(let linear): (linear, index)
      case .separate(let list): (list[index], 0)
      }
    }
  }
  /// The two halves.
  public enum Input: Sendable {
    /// Two products.
    case separate(gate: Matrices, up: Matrices)
    /// One product: gate first, then up.
    case fused(Matrices)
  }
  /// The two halves.
  public var input: Input
  /// Numbers between the products.
  public var width: Int
  /// What stands between them.
  public var activation = Activation.silu
  /// Back to the model's width.
  public var down: Matrices
}
