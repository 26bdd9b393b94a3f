// SPDX-License-Identifier: MIT
public import GGUF

/// A delta rule with decay: each head has a state, a matrix that tells values by keys. For each token the
/// state decays, the value that it tells of the token's key is corrected by a step towards the token's
/// own, and it answers the token's query. Decay is one number a head (gated DeltaNet), or one for each
/// entry of a key (Kimi's delta attention).
///
/// Queries, keys and values pass short convolutions; queries and keys have length 1. What heads answer is
/// normed, and multiplied with gates.
public struct DeltaNetGraph: Sendable {
  /// How queries, keys and values are made.
  public enum Input: Sendable {
    /// One product: all queries, then all keys, then all values.
    case fused(Linear, ConvolutionGraph)
    /// One product that gives the gates, too: of each key head its query, its key, the values and the
    /// gates that belong to it. The convolution is over all queries, then all keys, then all values.
    case grouped(Linear, ConvolutionGraph)
    /// Three products.
    case separate(query: Convolved, key: Convolved, value: Convolved)
  }

  /// A product with a convolution behind it.
  public struct Convolved: Sendable {
    /// The product.
    public var linear: Linear
    /// The convolution.
    public var convolution: ConvolutionGraph
  }

  /// A product, or two through a narrow vector.
  public enum Product: Sendable {
    /// One.
    case direct(Linear)
    /// Two.
    case narrow(down: Linear, up: Linear)
  }

  /// Where steps and decays come from.
  public enum Controls: Sendable {
    /// Two products.
    case separate(step: Linear, decay: Product)
    /// One product: of each key head the steps of its value heads, then their decays.
    case grouped(Linear)
  }

  /// How numbers become logarithms of what is left of a state.
  public struct Decay: Sendable {
    /// Added first.
    public var bias: TensorInfo
    /// One a head.
    public var factors: TensorInfo
    /// If not zero, bound · sigmoid(±factor · x), instead of factor · softplus(x).
    public var bound: Float = 0
    /// Whether the sign in that is minus.
    public var isNegated = false
    /// Whether there is a number for each entry of a key.
    public var isPerEntry: Bool
  }

  /// The gates of what heads answer.
  public struct Gate: Sendable {
    /// What becomes of the numbers.
    public enum Function: Sendable {
      /// x · sigmoid(x).
      case silu
      /// Sigmoid.
      case sigmoid
    }
    /// Where the numbers come from; `nil` where the input's product gives them.
    public var product: Product?
    /// What becomes of them.
    public var function: Function
  }

  /// How queries, keys and values are made.
  public var input: Input
  /// Heads of queries and keys.
  public var keyHeads: Int
  /// Heads of values, each with a state.
  public var valueHeads: Int
  /// Numbers of a query or key.
  public var keySize: Int
  /// Numbers of a value.
  public var valueSize: Int
  /// Whether consecutive value heads share a key head, instead of taking all of them in turn.
  public var sharesConsecutively = false
  /// What is added to squares of lengths of queries and keys, where it is not what the model says.
  public var keyEpsilon: Float?
  /// Where steps and decays come from.
  public var controls: Controls
  /// What becomes of decays.
  public var decay: Decay
  /// Of what each head answers.
  public var norm: Norm
  /// What answers are multiplied with.
  public var gate: Gate
  /// Back to the model's width.
  public var output: Linear

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] {
    let inputs =
      switch input {
      case .fused(let linear, _), .grouped(let linear, _): [linear.tensor]
      case .separate(let query, let key, let value): [query, key, value].map(\.linear.tensor)
      }
    let controls =
      switch controls {
      case .separate(let step, let decay): [step.tensor] + decay.tensors
      case .grouped(let linear): [linear.tensor]
      }
    return inputs + controls + (gate.product?.tensors ?? []) + [output.tensor]
  }
}

extension DeltaNetGraph.Product {
  /// Its matrices.
  fileprivate var tensors: [TensorInfo] {
    switch self {
    case .direct(let linear): [linear.tensor]
    case .narrow(let down, let up): [down.tensor, up.tensor]
    }
  }
}
