// SPDX-License-Identifier: MIT
public import GGUF

/// What a model computes, as a value: every architecture describes itself as one of these, and one
/// engine runs them all.
///
/// Between layers a token is a row of numbers, its state: one stream or several of `width` numbers each,
/// and behind them what later layers read of earlier ones (`CarriedColumns`).
public struct ModelGraph: Sendable {
  /// Numbers of a stream.
  public var width: Int
  /// Tokens that the model knows.
  public var vocabulary: Int
  /// What is added to mean squares before they divide.
  public var epsilon: Float
  /// One row a token.
  public var embedding: TensorInfo
  /// A factor on embeddings.
  public var embeddingScale: Float = 1
  /// How embeddings become the states that the first layer takes.
  public var start = StartGraph()
  /// Streams of a state.
  public var streams = 1
  /// What states hold beside their streams.
  public var carried = CarriedColumns()
  /// The layers, in order.
  public var layers: [LayerGraph]
  /// Layers that predict further tokens, in order; none where nobody asked for them.
  public var ahead: [AheadGraph] = []
  /// How streams become one behind the last layer.
  public var merge = StreamMerge.first
  /// Before the output matrix; `nil` for none.
  public var outputNorm: Norm?
  /// From the last layer to a logit a token.
  public var output: Linear
  /// A factor on logits.
  public var logitScale: Float = 1
  /// Whether the factor is on what the output matrix takes instead: logits are the same, and the sums of
  /// an importance matrix are not.
  public var scalesOutputInput = false
  /// If not zero, logits x become cap · tanh(x / cap).
  public var logitCap: Float = 0
  /// Whether it sees whole texts and predicts nothing: its results are the states behind the last norm, and
  /// `output` is not used.
  public var isEncoder = false

  /// Numbers of a state.
  public var stateWidth: Int { streams * width + carried.count }

  /// The columns of a state that hold what is carried in a slot.
  package func columns(_ slot: CarriedSlot) -> Range<Int> {
    let start = streams * width + slot.start
    return start..<start + slot.count
  }
}

/// Columns of a state beside its streams: what a layer leaves for later ones.
public struct CarriedColumns: Sendable {
  /// How many there are.
  public private(set) var count = 0
  /// Where each token's number is kept, if a layer asks for it.
  public private(set) var token: CarriedSlot?

  package init() {}

  /// Takes so many more.
  package mutating func slot(_ columns: Int) -> CarriedSlot {
    defer { count += columns }
    return CarriedSlot(start: count, count: columns)
  }

  /// Keeps each token's number, in one column: vocabularies are far below 2²⁴.
  package mutating func tokenSlot() -> CarriedSlot {
    let slot = token ?? slot(1)
    token = slot
    return slot
  }
}

/// Some of the carried columns, counted from the first of them.
public struct CarriedSlot: Sendable, Hashable {
  /// The first.
  public let start: Int
  /// How many.
  public let count: Int
}

/// How embeddings become the states that the first layer takes.
public struct StartGraph: Sendable {
  /// A row for each position, which is added: learned positions.
  public var positions: TensorInfo?
  /// A row for each kind of token, the first of which is added to all.
  public var types: TensorInfo?
  /// A norm of the whole.
  public var norm: Norm?
  /// Where a copy of the result is kept for later layers.
  public var copy: CarriedSlot?
  /// What a decoder behind the encoder begins with, if there is one.
  public var answer: AnswerStart?
  /// How further streams begin.
  public var streams = Streams.copies

  /// How further streams begin.
  public enum Streams: Sendable {
    /// As the first.
    case copies
    /// As products of the first with one matrix each, made as long as it.
    case projected(Linear)
  }
}

/// What a decoder begins with: the embeddings of a token that stands for the start, and of all tokens of
/// the window but the last, as if it had answered with the text itself.
public struct AnswerStart: Sendable {
  /// The token that stands for the start.
  public var token: Int
  /// Where the embeddings are kept.
  public var slot: CarriedSlot

  package init(token: Int, slot: CarriedSlot) {
    self.token = token
    self.slot = slot
  }
}

/// How streams become one behind the last layer.
public enum StreamMerge: Sendable {
  /// The first is taken.
  case first
  /// Their mean.
  case mean
  /// They are weighted as before a step.
  case hyper(HyperConnection)
  /// They are gated as before a step; that takes the place of the last norm.
  case gated(StreamGate)
  /// The mean of the first and of products of the others with one matrix each, made as long as it.
  case projectedMean(Linear)
  /// The first, mixed with what it was earlier.
  case checkpoints(CheckpointMix)
}

/// Division by the root mean square, then a factor and perhaps a summand for each column.
public struct Norm: Sendable {
  /// The factors; all 1 if missing.
  public var weight: TensorInfo?
  /// The summands.
  public var bias: TensorInfo?
  /// Whether the mean is taken off first (LayerNorm).
  public var isCentered = false
  /// What is added to mean squares, where it is not what the model says.
  public var epsilon: Float?

  /// Describes a norm.
  package init(
    weight: TensorInfo?, bias: TensorInfo?, isCentered: Bool = false, epsilon: Float? = nil
  ) {
    self.weight = weight
    self.bias = bias
    self.isCentered = isCentered
    self.epsilon = epsilon
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
