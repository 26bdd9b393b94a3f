// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Leaves experts out: their tensors, their rows of the router, and their places in biases; the others
/// are numbered anew.
struct ExpertPruning {
  let mixtures: Mixtures
  /// Experts that stay, ascending, by layer.
  let kept: [Int: [Int]]

  /// Experts of each layer that are left.
  var expertCount: Int { kept.first?.value.count ?? 0 }

  /// The tensors that are left, in the source's order and layout.
  ///
  /// - Parameters:
  ///   - tensors: All tensors, as the source has them.
  ///   - layout: Per expert cuts merged tensors apart; any other leaves the source's layout.
  /// - Returns: The tensors, made of slices of the source.
  /// - Throws: `QuantError` for tensors of experts that nobody knows how to cut.
  func pruned(
    _ tensors: [TensorOutline], _ layout: ExpertLayout
  ) throws(QuantError) -> [TensorOutline] {
    var result: [TensorOutline] = []
    for tensor in tensors {
      if let name = ExpertTensorName(tensor.name), name.mergedRank != nil {
        result += try experts(tensor, name, layout)
      } else if let router = RouterTensor(tensor.name), let kept = kept[router.layer] {
        result.append(try router.keeping(kept, of: mixtures.expertCount, in: tensor))
      } else {
        try RouterTensor.refuseUnknown(tensor.name)
        result.append(tensor)
      }
    }
    return result
  }

  private func experts(
    _ tensor: TensorOutline, _ name: ExpertTensorName, _ layout: ExpertLayout
  ) throws(QuantError) -> [TensorOutline] {
    let kept = kept[name.layer] ?? []
    let all = try ExpertLayout.perExpert.arranged([tensor], expertCount: mixtures.expertCount)
    let left = all.compactMap { outline -> TensorOutline? in
      guard let expert = ExpertTensorName(outline.name)?.expert,
        let number = kept.firstIndex(of: expert)
      else { return nil }
      var renamed = outline
      renamed.description.name = name.single(number)
      return renamed
    }
    guard name.expert == nil, layout != .perExpert else { return left }
    return try ExpertLayout.merged.arranged(left, expertCount: kept.count)
  }

  /// The source's metadata with the new number of experts.
  func metadata(_ source: Metadata) -> Metadata {
    var result = source
    result["\(source.architecture ?? "").expert_count"] = .uint32(UInt32(expertCount))
    return result
  }
}

/// A tensor of a router: it has a row or a number for each expert.
struct RouterTensor {
  let layer: Int
  /// Dimensions, the last of them experts.
  private let rank: Int

  /// `nil` for other tensors.
  init?(_ name: String) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3, let layer = TensorName.layer(of: name) else { return nil }
    switch (parts[2], parts.last) {
    case ("ffn_gate_inp", "weight"): rank = 2
    case ("ffn_gate_inp", "bias"), ("exp_probs_b", _): rank = 1
    default: return nil
    }
    self.layer = layer
  }

  /// The tensor with the rows or numbers of some experts only.
  func keeping(
    _ kept: [Int], of experts: Int, in tensor: TensorOutline
  ) throws(QuantError) -> TensorOutline {
    let shape = try ExpertLayout.fullShape(tensor.description, rank: rank)
    guard shape[rank - 1] == experts else {
      throw .shape(
        tensor: tensor.name, expected: "\(experts) experts", found: "\(shape[rank - 1])")
    }
    let source = tensor.slices[0].tensor
    return TensorOutline(
      TensorDescription(
        name: tensor.name, dimensions: shape.dropLast() + [kept.count],
        type: tensor.description.type),
      slices: kept.map { .init(tensor: source, rows: $0..<$0 + 1) },
      sliceRowWeights: rank == 2 ? shape[0] : 1, types: [tensor.description.type])
  }

  /// Refuses tensors that hold something of experts, and nobody knows what.
  static func refuseUnknown(_ name: String) throws(QuantError) {
    guard !name.contains("_norm_exps") else { return }
    if let part = ["exps", "tid2eid"].first(where: name.contains) {
      throw .unsupported(
        "tensor \"\(name)\": experts cannot be removed from a model whose tensors of experts (\(part)) "
          + "are not known")
    }
  }
}
