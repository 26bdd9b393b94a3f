// SPDX-License-Identifier: MIT
public import GGUF

/// What stands between the products of a feed-forward network: a function of the gate, times the other
/// half. Without a gate it is a function of the one product.
public enum Activation: Sendable, Hashable {
  /// x · sigmoid(x).
  case silu
  /// The tanh form of GELU.
  case gelu
  /// x², and 0 for negative numbers.
  case reluSquared
  /// x, and 0 for negative numbers.
  case relu
  /// gpt-oss: clamped, with sigmoid(1.702 x), times one more than the other half.
  case clampedSwish
  /// x · sigmoid(x) of a gate of at most `limit`, times the other half within ±`limit`.
  case siluOfClamped(limit: Float)
  /// The same, but at most `limit` after the function.
  case clampedSilu(limit: Float)
  /// β tanh(x / β) sigmoid(x), times λ tanh(u / λ) of the other half u; u itself if λ is 0.
  case situ(beta: Float, linearBeta: Float)
  /// xIELU: a x² + b x for positive x, c (exp(min(x, e)) - 1 - x) + b x for others.
  case xielu(positive: Float, negative: Float, beta: Float, epsilon: Float)
}

/// A feed-forward network: down(activation(gate x) · up x).
public struct DenseGraph: Sendable {
  /// The two halves.
  public enum Input: Sendable {
    /// Two products.
    case separate(gate: Linear, up: Linear)
    /// One product: gate first, then up.
    case fused(Linear)
    /// One product without a gate: down(activation(up x)).
    case plain(Linear)
  }
  /// The two halves.
  public var input: Input
  /// Numbers between the products.
  public var width: Int
  /// What stands between them.
  public var activation = Activation.silu
  /// Of what it gives, before the last product.
  public var innerNorm: Norm?
  /// If not zero, a row's gates first lose their mean and so many standard deviations, and those below
  /// zero become zero.
  public var sparsity: Float = 0
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
  /// Which experts each token goes to by its number alone; the router gives their weights.
  public var table: ExpertTable?
  /// What the router looks at, if that is not the experts' input.
  public var routerInput: RouterInput?
  /// Where the experts' vectors come from and go to, if they are narrower than the model's.
  public var latent: LatentMixture?
  /// Where the router's logits are kept for later steps.
  public var keptLogits: CarriedSlot?
  /// The experts.
  public var experts: ExpertGraph
  /// A network that all tokens pass, too.
  public var shared: DenseGraph?
  /// A product with one output whose sigmoid the shared network's output is multiplied with.
  public var sharedGate: Linear?
}

/// The experts of each token of the vocabulary.
public struct ExpertTable: Sendable {
  /// A row a token.
  public var tensor: TensorInfo
  /// Where states keep the token.
  public var token: CarriedSlot

  package init(tensor: TensorInfo, token: CarriedSlot) {
    self.tensor = tensor
    self.token = token
  }
}

/// Around experts that work in vectors narrower than the model's: up(norm(Σ experts(down x))). The router
/// and the network that all tokens pass see x itself.
public struct LatentMixture: Sendable {
  /// From the model's width to the experts'.
  public var down: Linear
  /// Of the weighted sum of what experts give.
  public var norm: Norm?
  /// Back to the model's width.
  public var up: Linear
  /// Numbers that experts take and give.
  public var width: Int { down.outputs }

  package init(down: Linear, norm: Norm? = nil, up: Linear) {
    self.down = down
    self.norm = norm
    self.up = up
  }
}

/// What a router looks at instead of the experts' input.
public struct RouterInput: Sendable {
  /// A copy kept earlier; `nil` for the step's input before its norm.
  public var source: CarriedSlot?
  /// A norm of that.
  public var norm: Norm?
  /// A factor on the result.
  public var scale: Float = 1

  package init(source: CarriedSlot? = nil, norm: Norm? = nil, scale: Float = 1) {
    self.source = source
    self.norm = norm
    self.scale = scale
  }
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
    /// One product without a gate.
    case plain(Matrices)
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
