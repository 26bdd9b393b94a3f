// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Puts the tensors of single experts together, one tensor for all experts of a layer and projection.
struct ExpertMerging {
  private let tensors: [TensorOutline]
  private let expertCount: Int
  /// The tensors of single experts by the name of the merged one: expert and place.
  private var members: [String: [(expert: Int, place: Int)]] = [:]

  /// Sorts tensors by what they belong to.
  ///
  /// - Parameters:
  ///   - tensors: Tensors of either layout.
  ///   - expertCount: Experts of each layer by the metadata; 0 where it does not say.
  init(_ tensors: [TensorOutline], expertCount: Int) {
    self.tensors = tensors
    self.expertCount = expertCount
    for (place, tensor) in tensors.enumerated() {
      guard let name = Self.singleName(tensor), let expert = name.expert else { continue }
      members[name.merged, default: []].append((expert, place))
    }
  }

  private static func singleName(_ tensor: TensorOutline) -> ExpertTensorName? {
    guard let name = ExpertTensorName(tensor.name), name.expert != nil, name.mergedRank != nil
    else { return nil }
    return name
  }

  /// All tensors, those of single experts put together.
  ///
  /// - Throws: `QuantError.tensor` for experts that are missing or differ.
  func merged() throws(QuantError) -> [TensorOutline] {
    var result: [TensorOutline] = []
    for (place, tensor) in tensors.enumerated() {
      guard let name = Self.singleName(tensor), let group = members[name.merged] else {
        result.append(tensor)
        continue
      }
      if group[0].place == place { result.append(try merged(name, group)) }
    }
    return result
  }

  private func merged(
    _ name: ExpertTensorName, _ group: [(expert: Int, place: Int)]
  ) throws(QuantError) -> TensorOutline {
    let ordered = group.sorted { $0.expert < $1.expert }
    let wanted = expertCount > 0 ? expertCount : ordered.count
    guard ordered.map(\.expert) == Array(0..<wanted) else {
      let present = Set(ordered.map(\.expert))
      let missing = (0..<wanted).first { !present.contains($0) }
      throw .shape(
        tensor: name.pattern, expected: "experts 0 to \(wanted - 1)",
        found: "\(ordered.count) from \(ordered[0].expert) to"
          + " \(ordered[ordered.count - 1].expert)"
          + (missing.map { ", without expert \($0)" } ?? ""))
    }
    let parts = ordered.map { tensors[$0.place] }
    let own = try ownShape(parts, rank: name.mergedRank ?? 1)
    return TensorOutline(
      TensorDescription(
        name: name.merged, dimensions: own + [parts.count], type: parts[0].description.type),
      slices: Self.joined(parts.flatMap(\.slices)), sliceRowWeights: parts[0].sliceRowWeights,
      types: parts.map { $0.sourceType(ofExpert: 0) })
  }

  /// The shape that all experts have; empty for factors, of which each has one.
  private func ownShape(_ parts: [TensorOutline], rank: Int) throws(QuantError) -> [Int] {
    let shape = try ExpertLayout.fullShape(parts[0].description, rank: max(1, rank - 1))
    for part in parts {
      let other = try ExpertLayout.fullShape(part.description, rank: max(1, rank - 1))
      guard other == shape, rank > 1 || shape == [1] else {
        throw .shape(
          tensor: part.name,
          expected: (rank > 1 ? shape : [1]).map(String.init).joined(separator: " x ")
            + " as other experts have",
          found: other.map(String.init).joined(separator: " x "))
      }
    }
    return rank > 1 ? shape : []
  }

  /// Slices that follow each other in the source, as one.
  private static func joined(_ slices: [ModelPlan.Slice]) -> [ModelPlan.Slice] {
    var result: [ModelPlan.Slice] = []
    for slice in slices {
      if let last = result.last, last.tensor == slice.tensor,
        last.rows.upperBound == slice.rows.lowerBound
      {
        result[result.count - 1] = .init(
          tensor: last.tensor, rows: last.rows.lowerBound..<slice.rows.upperBound)
      } else {
        result.append(slice)
      }
    }
    return result
  }
}

extension ExpertMerging {
  /// Every tensor's name and shape as a merged model has them, whatever is wrong with its experts: what
  /// types are chosen by, so that they are the same in every layout.
  func mergedDescriptions() -> [TensorDescription] {
    tensors.enumerated().compactMap { place, tensor in
      guard let name = Self.singleName(tensor), let group = members[name.merged] else {
        return tensor.description
      }
      guard group[0].place == place else { return nil }
      let own = tensor.description.dimensions.prefix(max(0, (name.mergedRank ?? 1) - 1))
      return TensorDescription(
        name: name.merged, dimensions: own + [group.count], type: tensor.description.type)
    }
  }
}
