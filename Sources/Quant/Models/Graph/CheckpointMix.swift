// SPDX-License-Identifier: MIT

/// Checkpoints of a stream that later steps look back at: a step's input is a weighted mean of them and
/// the stream as it is, by a softmax of the sums of their norms; the stream itself if there are none.
public struct CheckpointMix: Sendable {
  /// Where those that take part were kept.
  public var checkpoints: [CarriedSlot]
  /// Of each; the sum of what it gives is a score.
  public var norm: Norm
  /// Where the stream is kept as a further one, if it is: what the step gives then takes its place,
  /// instead of being added to it.
  public var keeps: CarriedSlot?

  package init(_ checkpoints: [CarriedSlot], norm: Norm, keeps: CarriedSlot? = nil) {
    self.checkpoints = checkpoints
    self.norm = norm
    self.keeps = keeps
  }
}
