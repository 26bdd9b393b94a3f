// SPDX-License-Identifier: MIT
public import GGUF

/// A product through a narrow vector, added to its input (LAuReL): x + norm(up(down x)).
public struct LowRankGraph: Sendable {
  /// To the narrow vector.
  public var down: Linear
  /// Back to the model's width.
  public var up: Linear
  /// Of that, before it is added.
  public var norm: Norm

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] { [down.tensor, up.tensor] }

  package init(down: Linear, up: Linear, norm: Norm) {
    self.down = down
    self.up = up
    self.norm = norm
  }
}
