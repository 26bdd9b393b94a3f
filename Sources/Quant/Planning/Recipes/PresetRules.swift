// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Which type each preset gives a tensor: the mixes of llama-quantize, rule by rule.
///
/// The presets hold tensors that cost little and matter much (attention values, the output, early
/// and late down projections) at more bits than the rest. `Docs/Recipes.md` tells the rules in words.
struct PresetRules {
  let preset: FileType
  let facts: ModelFacts
  /// Whether an importance matrix is given: some rules guard against working without one.
  let hasImportance: Bool
  /// Whether the embedding is the output too (there is no `output.weight`).
  let hasTiedEmbeddings: Bool
  /// Tensors in the role of attention values.
  let valueTensorCount: Int

  /// One tensor among those of its role.
  struct Position {
    let role: TensorRole
    let rowWeights: Int
    /// Whether it holds a stack of matrices, as merged experts do.
    let isStacked: Bool
    /// How many tensors of the same role come before it in the order of layers.
    let ordinal: Int
    let layer: Int?
  }

  private var isFalcon: Bool { facts.architecture == PresetArchitectures.falcon }
  private var isEightExperts: Bool { facts.expertCount == 8 }
  private var manyQueries: Bool { facts.groupedQueries >= 4 }
  private var base: TensorType { preset.defaultType }

  /// The type of a tensor, before its shape is looked at.
  func type(for place: Position) -> TensorType {
    if place.role == .output || (hasTiedEmbeddings && place.role == .tokenEmbedding) {
      return output(place)
    }
    if preset == .MXFP4_MOE { return place.isStacked ? .MXFP4 : .Q8_0 }
    if place.role == .tokenEmbedding { return embedding }
    if Self.twoBits.contains(preset) { return lowBit(place) }
    switch place.role {
    case .attentionV, .attentionQKV, .attentionKVB: return values(place)
    case .attentionK: return isEightExperts ? .Q8_0 : queryOrKey
    case .attentionQ: return queryOrKey
    case .attentionOutput: return attentionOutput
    case .feedForwardDown: return down(place)
    case .feedForwardGate, .feedForwardUp: return gateOrUp(place)
    case .tokenEmbedding, .output, .other: return base
    }
  }

  private static let twoBits: Set<FileType> = [.IQ2_XXS, .IQ2_XS, .IQ2_S, .IQ2_M, .IQ1_S, .IQ1_M]

  private func output(_ place: Position) -> TensorType {
    let block = base.layout?.weightsPerBlock ?? 1
    if preset == .MXFP4_MOE || isFalcon || place.rowWeights % block != 0 { return .Q8_0 }
    if Self.twoBits.contains(preset) || preset == .IQ3_XXS { return .Q5_K }
    return base == .Q8_0 ? .Q8_0 : .Q6_K
  }

  private var embedding: TensorType {
    switch preset {
    case .IQ2_XXS, .IQ2_XS, .IQ1_S, .IQ1_M: .Q2_K
    case .IQ2_S, .IQ2_M, .IQ3_XXS: .IQ3_S
    case .TQ1_0, .TQ2_0, .Q2_0: .Q4_K
    default: base
    }
  }

  /// The presets of two bits and fewer have rules of their own.
  private func lowBit(_ place: Position) -> TensorType {
    let isLarger = preset == .IQ2_S || preset == .IQ2_M
    switch place.role {
    case .attentionV, .attentionQKV, .attentionKVB:
      if manyQueries || facts.expertCount >= 4 { return .Q4_K }
      return isLarger ? .IQ3_S : .Q2_K
    case .attentionK:
      return isEightExperts ? .Q4_K : base
    case .feedForwardDown:
      guard place.ordinal < facts.layerCount / 8 else { return base }
      return isLarger ? .IQ3_S : .Q2_K
    case .attentionOutput:
      if isEightExperts { return .Q5_K }
      if preset == .IQ1_S || preset == .IQ1_M { return .IQ2_XXS }
      return isLarger ? .IQ3_S : base
    default:
      return base
    }
  }

  private func values(_ place: Position) -> TensorType {
    if isEightExperts { return .Q8_0 }  // an eighth of the size of its layer: 128 MB buy 8 bits
    let chosen = valuesByPreset(place)
    let isSmall = chosen == .Q3_K || chosen == .Q4_K
    return facts.is70B && isSmall ? .Q5_K : chosen
  }

  private func valuesByPreset(_ place: Position) -> TensorType {
    switch preset {
    case .Q2_K: return manyQueries ? .Q4_K : .Q3_K
    case .Q2_K_S, .IQ3_XS, .IQ3_S: return manyQueries ? .Q4_K : base
    case .IQ3_XXS: return manyQueries ? .Q4_K : hasImportance ? .IQ3_XXS : .IQ3_S
    case .IQ3_M: return .Q4_K
    case .Q3_K_M: return place.ordinal < 2 ? .Q5_K : .Q4_K
    case .Q3_K_L: return .Q5_K
    case .IQ4_NL, .IQ4_XS: return manyQueries ? .Q5_K : base
    case .Q4_K_M, .Q5_K_M:
      return Self.useMoreBits(place.ordinal, of: valueTensorCount) ? .Q6_K : base
    case .Q4_K_S: return place.ordinal < 4 ? .Q5_K : base
    default: return base
    }
  }

  private var queryOrKey: TensorType {
    switch preset {
    case .IQ3_XS: .IQ3_XXS
    case .IQ3_XXS: .IQ2_S
    default: base
    }
  }

  private var attentionOutput: TensorType {
    if isFalcon { return preset == .Q3_K_L ? .Q4_K : base }
    if isEightExperts {
      let raised: Set<FileType> = [
        .Q2_K, .IQ3_XS, .IQ3_XXS, .Q3_K_S, .Q3_K_M, .IQ4_NL, .Q4_K_S, .Q4_K_M, .IQ3_S, .IQ3_M,
        .IQ4_XS,
      ]
      return raised.contains(preset) ? .Q5_K : base
    }
    switch preset {
    case .Q2_K: return .Q3_K
    case .IQ3_XXS: return .IQ3_S
    case .Q3_K_M, .IQ3_M: return .Q4_K
    case .Q3_K_L: return .Q5_K
    default: return base
    }
  }

  private func down(_ place: Position) -> TensorType {
    let count = facts.layerCount
    let layer = layerIndex(place)
    let isEarly = layer < count / 8
    let more = Self.useMoreBits(layer, of: count)
    switch preset {
    case .Q2_K: return .Q3_K
    case .Q2_K_S: return isEarly ? .Q4_K : base
    case .IQ3_XXS: return hasImportance ? base : isEarly ? .Q4_K : .Q3_K
    case .Q3_K_M:
      return layer < count / 16 ? .Q5_K : !isFalcon || more ? .Q4_K : .Q3_K
    case .IQ3_M: return isEarly || (isEightExperts && more) ? .Q4_K : base
    case .Q3_K_L: return isFalcon ? .Q4_K : .Q5_K
    case .Q4_K_M:
      guard isFalcon else { return more ? .Q6_K : base }
      return layer < count / 16 ? .Q6_K : more ? .Q5_K : .Q4_K
    case .IQ4_NL, .IQ4_XS: return isEarly && !hasImportance ? .Q5_K : base
    case .Q5_K_M: return more ? .Q6_K : base
    case .Q4_K_S: return isEarly && !isFalcon ? .Q5_K : base
    // Without a matrix these two stay as they were before matrices; with one, the first layers of
    // one scale only are known to go astray.
    case .Q4_0: return isEarly && hasImportance ? .Q4_1 : base
    case .Q5_0: return isEarly && hasImportance ? .Q5_1 : base
    default: return base
    }
  }

  private func gateOrUp(_ place: Position) -> TensorType {
    let count = facts.layerCount
    let layer = layerIndex(place)
    let isMiddle = layer >= count / 8 && layer < 7 * count / 8
    return preset == .IQ3_XS && isMiddle ? .IQ3_XXS : base
  }

  /// With experts the layer is read off the name, since a layer may have many such tensors.
  private func layerIndex(_ place: Position) -> Int {
    facts.expertCount > 1 ? place.layer ?? place.ordinal : place.ordinal
  }

  /// The first and last eighth of the layers, and every third between.
  static func useMoreBits(_ layer: Int, of count: Int) -> Bool {
    layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2
  }
}
