// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Where every tensor stands among those of its role, which presets go by: the same for all recipes.
struct TensorPlaces: Sendable {
  /// The tensors as a merged model has them.
  let tensors: [TensorDescription]
  /// Whether the embedding is the output too (there is no `output.weight`).
  let hasTiedEmbeddings: Bool
  /// Tensors in the role of attention values.
  let valueTensorCount: Int
  private let positions: [String: PresetRules.Position]

  /// Sorts tensors as a merged model has them (`ExpertMerging.mergedDescriptions`).
  init(_ tensors: [TensorDescription]) {
    self.tensors = tensors
    let roles = tensors.map { TensorRole(tensorName: $0.name) }
    hasTiedEmbeddings = !roles.contains(.output)
    valueTensorCount = roles.count(where: \.carriesValues)
    positions = Self.positions(tensors)
  }

  /// The position of a tensor by its merged name; `nil` for one that is never quantized.
  subscript(merged: String) -> PresetRules.Position? { positions[merged] }

  /// Counts the tensors of each role in the order of layers.
  private static func positions(
    _ tensors: [TensorDescription]
  ) -> [String: PresetRules.Position] {
    let ordered = tensors.filter { !Untouchable.contains($0) }
      .map { (layer: TensorName.layer(of: $0.name), tensor: $0) }
      .sorted { ($0.layer ?? -1, $0.tensor.name) < ($1.layer ?? -1, $1.tensor.name) }
    var counts: [TensorRole: Int] = [:]
    var positions: [String: PresetRules.Position] = [:]
    for (layer, tensor) in ordered {
      let role = TensorRole(tensorName: tensor.name)
      // All tensors that carry values are counted together.
      let counted = role.carriesValues ? .attentionV : role
      positions[tensor.name] = PresetRules.Position(
        role: role, rowWeights: tensor.rowWeights,
        isStacked: tensor.dimensions.dropFirst(2).contains { $0 > 1 },
        ordinal: counts[counted, default: 0], layer: layer)
      counts[counted, default: 0] += 1
    }
    return positions
  }
}
