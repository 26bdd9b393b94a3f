// SPDX-License-Identifier: MIT
public import GGUF

/// How a layer makes streams of each other before it computes the first (AltUp): each stream gets a sum
/// of all of them, with weights that depend on the first.
public struct StreamPrediction: Sendable {
  /// What the weights are made of.
  public var router: StreamRouter
  /// From the router's numbers to a weight for each pair of streams: those of a stream's sum together.
  public var coefficients: Linear

  package init(router: StreamRouter, coefficients: Linear) {
    self.router = router
    self.coefficients = coefficients
  }
}

/// How streams are corrected when the first is computed: each moves by a multiple of the difference
/// between it and what was predicted of it.
public struct StreamCorrection: Sendable {
  /// What the multiples are made of: of the first stream as it was computed.
  public var router: StreamRouter
  /// From the router's numbers to a multiple for each stream, less one.
  public var coefficients: Linear
  /// Where what was predicted of the first stream is kept.
  public var predicted: CarriedSlot

  package init(router: StreamRouter, coefficients: Linear, predicted: CarriedSlot) {
    self.router = router
    self.coefficients = coefficients
    self.predicted = predicted
  }
}

/// A number for each stream: tanh(W · scale · norm(x)).
public struct StreamRouter: Sendable {
  /// Of its input.
  public var norm: Norm
  /// A factor on that.
  public var scale: Float
  /// To a number for each stream.
  public var linear: Linear

  package init(norm: Norm, scale: Float, linear: Linear) {
    self.norm = norm
    self.scale = scale
    self.linear = linear
  }
}
