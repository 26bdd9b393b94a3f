// SPDX-License-Identifier: MIT
internal import GGUF

/// The sizes of a model that memory at run time depends on.
public struct ModelShape: Sendable, Equatable {
  /// `general.architecture`.
  public let architecture: String
  /// The architecture whose rules it is read by: another one only if nobody described its own.
  public let likeness: String
  /// Layers of the file (`block_count`).
  public let layerCount: Int
  /// Layers at the end that predict further tokens (MTP, NextN). They count as layers where layers are
  /// placed, and are neither loaded nor computed without a draft.
  public let draftLayerCount: Int
  /// Tokens of context that the model was made for; `nil` where the file does not say.
  public let trainedContext: Int?
  /// Numbers that a token is between layers.
  public let width: Int
  /// Tokens of the vocabulary.
  public let vocabulary: Int
  /// Width of the feed-forward network of each layer; of the dense ones where there are experts.
  public let feedForward: [Int]
  /// Width of an expert; zero without experts.
  public let expertWidth: Int
  /// Experts of a layer; zero for dense models.
  public let expertCount: Int
  /// Experts that a token uses.
  public let usedExperts: Int
  /// Groups that experts are chosen from (DeepSeek V3); 1 without groups.
  public let expertGroups: Int
  /// Groups of experts that a token may use.
  public let usedExpertGroups: Int
  /// Tokens of the sliding window; zero without one.
  public let slidingWindow: Int
  /// Width of the compressed keys and values (MLA); zero without.
  public let latentRank: Int
  /// Numbers of each head that positions rotate.
  public let rotarySize: Int
  /// Key numbers of a head after decompression (MLA), else as cached.
  public let headKeySize: Int
  /// Value numbers of a head after decompression (MLA), else as cached.
  public let headValueSize: Int
  /// Streams of numbers that a token is between layers, side by side.
  public let streams: Int
  /// Layers at the start that add features of pictures to what they say (Qwen 3 VL).
  public let deepstackLayers: Int
  /// Rows of the context that an indexer chooses for each token; zero without an indexer.
  public let indexedRows: Int
  /// The state space model's sizes; `nil` without one.
  public let stateSpace: StateSpace?
  /// What each layer keeps.
  public let layers: [LayerMemory]
  /// Whether each sequence has a cache of its own even where sequences share one otherwise.
  public let hasStreamPerSequence: Bool

  /// Sizes of a Mamba layer.
  public struct StateSpace: Sendable, Equatable {
    /// Tokens that the convolution sees.
    public let kernel: Int
    /// Width of the layer.
    public let inner: Int
    /// Numbers of the state for each of them.
    public let state: Int
    /// Rank of the time step.
    public let timeStepRank: Int
    /// Groups that share a state.
    public let groups: Int
  }

  /// Whether somebody described its architecture.
  public var isKnown: Bool { Likeness.isKnown(architecture) }

  /// Whether its architecture was compared with what llama.cpp needs, so that what it keeps is exact.
  public var isCompared: Bool { MemoryFamilies.computation(architecture) != nil }

  /// Layers without those that predict further tokens.
  public var trunkCount: Int { layerCount - draftLayerCount }

  /// Layers that attend.
  public var attentionLayers: [LayerMemory.Attention] { layers.compactMap(\.attention) }
}

/// The largest numbers that are taken from a file or the command line: beyond any model, and small
/// enough that products of them fit 63 bits.
enum ShapeLimit {
  static let layers = 4096
  static let width = 1 << 20
  static let heads = 1 << 14
  static let headSize = 1 << 16
  /// Of heads times their size.
  static let cacheWidth = 1 << 21
  static let feedForward = 1 << 24
  static let vocabulary = 1 << 28
  static let experts = 1 << 12
  static let context = 1 << 26
  static let microBatch = 1 << 16
  static let sequences = 1 << 10
}
