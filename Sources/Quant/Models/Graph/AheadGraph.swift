// SPDX-License-Identifier: MIT
public import GGUF

/// A layer that predicts one token further than what comes before it (MTP): from what that gave for a
/// token, and from the token that follows.
public struct AheadGraph: Sendable {
  /// What goes in beside the following token.
  public var source: AheadSource
  /// One row a token.
  public var embedding: TensorInfo
  /// Of the following token's embedding.
  public var embeddingNorm: Norm
  /// Of what goes in beside it.
  public var sourceNorm: Norm
  /// From both, the embedding first, to what the layer takes.
  public var projection: Linear
  /// The layer.
  public var layer: LayerGraph
  /// How its streams become one; `nil` if as the model's do.
  public var merge: StreamMerge?
  /// Between the layer and its output matrix.
  public var headNorm: Norm?
  /// Its own output matrix; `nil` if it shares the model's.
  public var output: Linear?
}

/// What a layer ahead takes beside the following token.
public enum AheadSource: Sendable {
  /// The first stream.
  case stream
  /// The same behind the norm before the output matrix.
  case normed
  /// Every stream, each normed by itself.
  case streams
  /// Every stream, all normed together.
  case joined
}
