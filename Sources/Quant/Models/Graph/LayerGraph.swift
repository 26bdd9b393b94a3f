// SPDX-License-Identifier: MIT
public import GGUF

/// One layer: steps, one after the other. Most have two: attention, then a feed-forward network, each
/// added to what came in.
public struct LayerGraph: Sendable {
  /// The steps, in order.
  public var steps: [LayerStep]
  /// What becomes of the states before the first layer of a decoder.
  public var turn: DecoderTurn?
  /// How streams are made of each other before anything else is done.
  public var prediction: StreamPrediction?
  /// Where a copy of the first stream as the first step takes it is kept for steps that read it.
  public var inputCopy: CarriedSlot?
  /// What is added to all streams first, for the last few tokens together.
  public var ngrams: NGramGraph?
  /// A factor on what goes out.
  public var outputFactor: TensorInfo?

  /// A layer of any steps.
  package init(steps: [LayerStep], inputCopy: CarriedSlot? = nil) {
    self.steps = steps
    self.inputCopy = inputCopy
  }

  /// The usual layer.
  package init(
    attentionNorm: Norm?, attention: AttentionGraph, attentionPostNorm: Norm? = nil,
    feedForwardNorm: Norm?, feedForward: BlockGraph, feedForwardPostNorm: Norm? = nil,
    residualScale: Float = 1
  ) {
    steps = [
      LayerStep(
        norm: attentionNorm, .attention(attention), postNorm: attentionPostNorm,
        scale: residualScale),
      LayerStep(
        norm: feedForwardNorm, feedForward, postNorm: feedForwardPostNorm, scale: residualScale),
    ]
  }
}

/// From the last layer of an encoder to the first of a decoder.
public struct DecoderTurn: Sendable {
  /// Of what the encoder gives.
  public var norm: Norm
  /// Where that is kept for the decoder's layers.
  public var encoded: CarriedSlot
  /// Where the states are kept that the decoder begins with.
  public var start: CarriedSlot

  package init(norm: Norm, encoded: CarriedSlot, start: CarriedSlot) {
    self.norm = norm
    self.encoded = encoded
    self.start = start
  }
}

/// A part of a layer whose output is added to what came in:
/// x = outputNorm((x + scale · postNorm(Σ branch(norm(x)))) · sumScale).
public struct LayerStep: Sendable {
  /// How input is made of the streams, and output joined with them.
  public var connection = Connection.residual
  /// Of the input, for branches that have none of their own.
  public var norm: Norm?
  /// What is computed side by side; the results are added.
  public var branches: [StepBranch]
  /// Of the sum of the branches, before it is added.
  public var postNorm: Norm?
  /// A factor on what is added.
  public var scale: Float
  /// A factor on the whole.
  public var sumScale: Float = 1
  /// Of the whole (post-norm).
  public var outputNorm: Norm?
  /// Of that and what came in, added once more.
  public var secondOutputNorm: Norm?
  /// Where a copy of what is added, before the factor, is kept for later steps.
  public var outputCopy: CarriedSlot?

  /// A step of one block.
  package init(norm: Norm?, _ block: BlockGraph, postNorm: Norm? = nil, scale: Float = 1) {
    self.init(norm: norm, branches: [StepBranch(block)], postNorm: postNorm, scale: scale)
  }

  /// A step of several.
  package init(norm: Norm?, branches: [StepBranch], postNorm: Norm? = nil, scale: Float = 1) {
    self.norm = norm
    self.branches = branches
    self.postNorm = postNorm
    self.scale = scale
  }
}

/// How a step's input is made of the streams, and its output joined with them.
public enum Connection: Sendable {
  /// The first stream goes in, and the output is added to it.
  case residual
  /// All streams go in, weighted, and the output goes to all of them.
  case hyper(HyperConnection)
  /// All streams go in, gated, and the output goes to all of them.
  case gated(StreamGate)
  /// The same; then all streams are corrected by what was wrong about the first.
  case correcting(StreamCorrection)
  /// The first stream goes in, times a factor for each column, and the output is added to the others.
  case others(factors: TensorInfo)
  /// A mean of the first stream and of what it was earlier goes in.
  case checkpoints(CheckpointMix)
}

/// One of the blocks that a step computes side by side.
public struct StepBranch: Sendable {
  /// What is computed.
  public var block: BlockGraph
  /// Of the step's input, instead of the step's own norm.
  public var norm: Norm?
  /// Of the output.
  public var postNorm: Norm?
  /// A factor on the output.
  public var scale: Float = 1
  /// What goes in, if that is not the step's input: a copy kept earlier, which `norm` is of.
  public var source: CarriedSlot?

  /// Describes a branch.
  package init(_ block: BlockGraph, norm: Norm? = nil, postNorm: Norm? = nil, scale: Float = 1) {
    self.block = block
    self.norm = norm
    self.postNorm = postNorm
    self.scale = scale
  }
}

/// What a step computes of its normed input.
public enum BlockGraph: Sendable {
  /// Attention.
  case attention(AttentionGraph)
  /// Attention to single tokens and to compressed blocks of them.
  case compressedAttention(CompressedAttentionGraph)
  /// A feed-forward network that is the same for all tokens.
  case dense(DenseGraph)
  /// Experts, some of which are chosen for each token.
  case mixture(MixtureGraph)
  /// Small experts that groups of a mixture's experts share (GroveMoE).
  case groupExperts(GroupExpertsGraph)
  /// A delta rule with gates (gated DeltaNet, Kimi's delta attention).
  case deltaNet(DeltaNetGraph)
  /// The scan of Mamba 1.
  case mamba(MambaGraph)
  /// The scan of Mamba 2.
  case mamba2(Mamba2Graph)
  /// A short convolution between two gates (LFM2).
  case shortConvolution(ShortConvolutionGraph)
  /// The time mixing of RWKV.
  case timeMix(TimeMixGraph)
  /// The channel mixing of RWKV.
  case channelMix(ChannelMixGraph)
  /// A product through a narrow vector, added to its input (LAuReL).
  case lowRank(LowRankGraph)
  /// What each layer adds for the token by itself (per-layer embeddings).
  case perLayer(PerLayerGraph)
  /// One product, which stands for attention.
  case product(Linear)

  /// Whether it leaves something of its own for later layers: keys, values, or a choice of keys.
  package var keepsForLater: Bool {
    switch self {
    case .attention(let graph):
      graph.keeps != nil || (graph.selection?.indexer != nil && graph.selection?.slot != nil)
    case .timeMix(let graph):
      if case .seventh(let seventh) = graph.version { seventh.value == nil } else { false }
    default: false
    }
  }

  /// The experts, if it has any.
  public var mixture: MixtureGraph? {
    if case .mixture(let mixture) = self { mixture } else { nil }
  }
}
