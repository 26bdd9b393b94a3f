// SPDX-License-Identifier: MIT

/// What each unit of a model would suffer from each type: the measurement that plans are made from.
///
/// Kept as JSON; see `Docs/Experts.md` for how the figures come about.
public struct Sensitivity: Sendable, Codable {
  /// A unit of the model that may have a type of its own: a tensor, or one expert's share of one.
  public struct Unit: Sendable, Codable {
    /// The tensor of the model; merged, if all experts share one.
    public let tensor: String
    /// The expert, for units of experts.
    public let expert: Int?
    /// The layer; `nil` outside the layers.
    public let layer: Int?
    /// Its weights.
    public let weights: Int
    /// Tokens of the text that went through it.
    public internal(set) var tokens = 0
    /// For each type of the list: bytes; `nil` where the type cannot be used.
    public internal(set) var bytes: [Int?]
    /// For each type: the mean over all tokens of the square of what changes in the output of its
    /// part of the layer, routing weights included.
    public internal(set) var errors: [Double?]
    /// For each type: the Kullback-Leibler divergence that the model is expected to gain by it, in
    /// nats per token.
    public internal(set) var divergences: [Double?]
    /// The measurement that ties errors to divergences; `nil` if the divergences were measured
    /// themselves.
    public internal(set) var probe: Probe?
  }

  /// One type tried in the whole model.
  public struct Probe: Sendable, Codable {
    /// The type.
    public let type: String
    /// The mean square of what it changes in the output of its part, over the probe's tokens.
    public internal(set) var error: Double
    /// The mean divergence of the model's predictions, in nats per token.
    public internal(set) var divergence: Double
    /// Whether all experts of the layer were tried together.
    public let isShared: Bool
  }

  /// Says what kind of file it is.
  public let kind: String
  /// The model measured.
  public let model: String
  /// A fingerprint of that model: other models are refused.
  public let fingerprint: String
  /// The texts.
  public let corpora: [String]
  /// The importance matrix that encoders had, if any.
  public let importance: String?
  /// Windows of text, and tokens of each.
  public let windows: Int
  /// Tokens of a window.
  public let windowLength: Int
  /// Windows of each probe.
  public let probeWindows: Int
  /// The types tried.
  public let types: [String]
  /// The units of the model.
  public internal(set) var units: [Unit]

  static let kindName = "gguf-tool sensitivity"

  enum CodingKeys: String, CodingKey {
    case kind, model, fingerprint, corpora, importance, windows, types, units
    case windowLength = "window_length"
    case probeWindows = "probe_windows"
  }
}

extension Sensitivity.Probe {
  enum CodingKeys: String, CodingKey {
    case type, error, divergence
    case isShared = "is_shared"
  }
}
