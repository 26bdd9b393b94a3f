// SPDX-License-Identifier: MIT
public import GGUF

/// A connection with several streams whose weights depend on the token (hyper-connections).
///
/// All streams together, divided by their root mean square, go through `function`: m. The step's input is
/// Σ (sigmoid(s₀ mᵢ + bᵢ) + ε) Xᵢ over the streams.
public struct HyperConnection: Sendable {
  /// How the output is joined with the streams.
  public enum Join: Sendable, Hashable {
    /// It is added with a weight for each stream, and the streams are mixed by a matrix whose rows and
    /// columns are made to add up to one, so many times (mHC).
    case mixing(iterations: Int)
    /// It is added with a weight of at most so much for each stream (iHC).
    case adding(magnitude: Float)
    /// It is not: behind the last layer.
    case nothing
  }
  /// From all streams to the numbers that weights are made of.
  public var function: Linear
  /// Added to these.
  public var base: TensorInfo
  /// Factors on them: for input, for output, for mixing.
  public var scale: TensorInfo
  /// ε.
  public var epsilon: Float
  /// How the output is joined with the streams.
  public var join: Join

  package init(
    function: Linear, base: TensorInfo, scale: TensorInfo, epsilon: Float, join: Join
  ) {
    self.function = function
    self.base = base
    self.scale = scale
    self.epsilon = epsilon
    self.join = join
  }
}

/// A connection with several streams that gates each number (Qwen's hyper-connections).
///
/// n is each stream normed by itself. The step's input is the mean over the streams of
/// n · sigmoid(up silu(down n / streams)); its output is added to each stream, times
/// 2 sigmoid(inject n / streams).
public struct StreamGate: Sendable {
  /// Factors of each stream's norm: a row a stream.
  public var norm: TensorInfo
  /// From all streams to a narrow vector.
  public var down: Linear
  /// Back to a gate for each number.
  public var up: Linear
  /// To a weight for each stream; `nil` behind the last layer.
  public var inject: Linear?

  package init(norm: TensorInfo, down: Linear, up: Linear, inject: Linear?) {
    self.norm = norm
    self.down = down
    self.up = up
    self.inject = inject
  }
}
