// SPDX-License-Identifier: MIT
public import GGUF

/// The time mixing of RWKV: each head has a matrix of states that decays column by column.
public struct TimeMixGraph: Sendable {
  /// A product through a narrow vector, and what is added to it.
  public struct LowRank: Sendable {
    /// What is added, one a column.
    public var base: TensorInfo?
    /// To the narrow vector.
    public var down: Linear
    /// Back.
    public var up: Linear

    package init(base: TensorInfo?, down: Linear, up: Linear) {
      self.base = base
      self.down = down
      self.up = up
    }
  }

  /// What differs between versions.
  public enum Version: Sendable {
    /// RWKV 6.
    case sixth(Sixth)
    /// RWKV 7.
    case seventh(Seventh)
  }

  /// RWKV 6: how much of the previous token goes in depends on the token.
  public struct Sixth: Sendable {
    /// The share of the previous token in what decides on all others.
    public var share: TensorInfo
    /// From that to five narrow vectors.
    public var narrow: Linear
    /// From those to shares, a matrix each.
    public var wide: Linear
    /// How fast states decay.
    public var decay: LowRank
    /// A factor on a token's own values, one a column.
    public var bonus: TensorInfo
    /// To what the output is multiplied with.
    public var gate: Linear

    package init(
      share: TensorInfo, narrow: Linear, wide: Linear, decay: LowRank, bonus: TensorInfo,
      gate: Linear
    ) {
      self.share = share
      self.narrow = narrow
      self.wide = wide
      self.decay = decay
      self.bonus = bonus
      self.gate = gate
    }
  }

  /// RWKV 7: states forget what their keys find in them (a delta rule).
  public struct Seventh: Sendable {
    /// How fast states decay.
    public var decay: LowRank
    /// How much of what is found is forgotten.
    public var rate: LowRank
    /// How much of the first layer's values is taken; `nil` in that layer.
    public var value: LowRank?
    /// What the output is multiplied with, if there is anything.
    public var gate: LowRank?
    /// Where the first layer's values are kept.
    public var firstValues: CarriedSlot
    /// Factors on keys for what is looked for in the states, one a column.
    public var keyScale: TensorInfo
    /// How much keys follow the rate, one a column.
    public var rateScale: TensorInfo
    /// Factors of what a token takes of its own values, one a column.
    public var own: TensorInfo

    package init(
      decay: LowRank, rate: LowRank, value: LowRank?, gate: LowRank?, firstValues: CarriedSlot,
      keyScale: TensorInfo, rateScale: TensorInfo, own: TensorInfo
    ) {
      self.decay = decay
      self.rate = rate
      self.value = value
      self.gate = gate
      self.firstValues = firstValues
      self.keyScale = keyScale
      self.rateScale = rateScale
      self.own = own
    }
  }

  /// What differs between versions.
  public var version: Version
  /// Shares of the previous token in the inputs: all in one tensor, or one each. RWKV 6 has those of
  /// decay, keys, values, receptance and gate; RWKV 7 of receptance, decay, keys, values, rate and gate.
  public var shares: [TensorInfo]
  /// To queries.
  public var receptance: Linear
  /// To keys.
  public var key: Linear
  /// To values.
  public var value: Linear
  /// Back to the model's width.
  public var output: Linear
  /// Numbers of a head.
  public var headSize: Int
  /// Of what each head gives.
  public var norm: Norm

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] {
    let own =
      switch version {
      case .sixth(let sixth):
        [sixth.narrow, sixth.wide, sixth.decay.down, sixth.decay.up, sixth.gate]
      case .seventh(let seventh):
        [seventh.decay, seventh.rate, seventh.value, seventh.gate].flatMap { part in
          part.map { [$0.down, $0.up] } ?? []
        }
      }
    return ([receptance, key, value] + own + [output]).map(\.tensor)
  }
}
