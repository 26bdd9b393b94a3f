// SPDX-License-Identifier: MIT
public import GGUF

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
