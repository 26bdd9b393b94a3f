// SPDX-License-Identifier: MIT
public import GGUF

/// Attention to a window of single tokens and to blocks of tokens that were made into one each
/// (DeepSeek V4). Keys are values, too, and one head of them serves all queries.
public struct CompressedAttentionGraph: Sendable {
  /// To a narrow vector that queries are made of.
  public var queryDown: Linear
  /// Of that.
  public var queryNorm: Norm
  /// From it to all queries, each of which is normed by itself.
  public var queryUp: Linear
  /// To the key, which is the value.
  public var key: Linear
  /// Of that.
  public var keyNorm: Norm
  /// Query heads.
  public var heads: Int
  /// Numbers of a query or key.
  public var size: Int
  /// Turns the last numbers of each head; the heads' values are turned back.
  public var rotation: Rotation
  /// Tokens that are seen one by one: the last so many.
  public var window: Int
  /// A score for each head that takes part in the softmax and has no value.
  public var sinks: TensorInfo?
  /// How blocks become keys; `nil` for a layer without.
  public var blocks: KeyCompression?
  /// Which of the blocks are seen; `nil` for all.
  public var selection: BlockSelection?
  /// From groups of heads to narrow vectors: a part of its rows for each group.
  public var outputDown: Linear
  /// Groups of heads.
  public var groups: Int
  /// From all narrow vectors to the model's width.
  public var outputUp: Linear

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] {
    [queryDown, queryUp, key].map(\.tensor) + (blocks?.tensors ?? [])
      + (selection?.tensors ?? []) + [outputDown.tensor, outputUp.tensor]
  }
}

/// How the tokens of a block become one key: a mean with weights that depend on them, for each number
/// apart.
public struct KeyCompression: Sendable {
  /// Tokens of a block.
  public var ratio: Int
  /// Whether a block takes the tokens of the one before it, too: those give the first half of what the
  /// products make, and its own the second.
  public var overlaps: Bool
  /// To what is averaged.
  public var value: Linear
  /// To the logarithms of weights.
  public var gate: Linear
  /// Added to these, for each place in a block.
  public var places: TensorInfo
  /// Of the result, before it is turned to the position of the block's first token.
  public var norm: Norm

  /// Numbers of a key.
  package var size: Int { value.outputs / (overlaps ? 2 : 1) }
  package var tensors: [TensorInfo] { [value.tensor, gate.tensor] }
}

/// Which blocks a query sees: those with the largest scores by a small attention of its own.
public struct BlockSelection: Sendable {
  /// From the narrow vector of queries to the heads' queries.
  public var query: Linear
  /// How blocks become keys of the selection.
  public var keys: KeyCompression
  /// To a weight for each head.
  public var weights: Linear
  /// Heads.
  public var heads: Int
  /// Numbers of each.
  public var size: Int
  /// Blocks that are seen.
  public var count: Int

  package var tensors: [TensorInfo] { [query.tensor, weights.tensor] + keys.tensors }
}
