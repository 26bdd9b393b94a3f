// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

extension ExpertLayout {
  /// Turns tensors into those of this layout, in the source's order: the experts of a merged tensor
  /// stand where it stood, and a merged tensor where the first of its experts stood.
  ///
  /// - Parameters:
  ///   - tensors: Tensors of either layout, none of them put together yet.
  ///   - expertCount: Experts of each layer by the metadata; 0 where it does not say.
  /// - Returns: The tensors, made of slices of the same source.
  /// - Throws: `QuantError.tensor` for a tensor that is not one matrix an expert, `.unsupported` for
  ///   experts that are missing or not alike.
  /// - Complexity: O(*n*) in tensors of both sides.
  func arranged(
    _ tensors: [TensorOutline], expertCount: Int
  ) throws(QuantError) -> [TensorOutline] {
    switch self {
    case .keep: return tensors
    case .perExpert: return try Self.split(tensors, expertCount)
    case .merged: return try ExpertMerging(tensors, expertCount: expertCount).merged()
    }
  }

  // MARK: Splitting

  private static func split(
    _ tensors: [TensorOutline], _ expertCount: Int
  ) throws(QuantError) -> [TensorOutline] {
    var result: [TensorOutline] = []
    for tensor in tensors {
      guard let name = ExpertTensorName(tensor.name), name.expert == nil,
        let rank = name.mergedRank
      else {
        result.append(tensor)
        continue
      }
      result += try split(tensor, name, rank: rank, expertCount)
      guard result.count <= mostTensors else {
        throw .unsupported("expected at most \(mostTensors) tensors when experts are split")
      }
    }
    return result
  }

  private static func split(
    _ tensor: TensorOutline, _ name: ExpertTensorName, rank: Int, _ expertCount: Int
  ) throws(QuantError) -> [TensorOutline] {
    let shape = try fullShape(tensor.description, rank: rank)
    let experts = shape[rank - 1]
    guard (1...mostExperts).contains(experts), expertCount == 0 || experts == expertCount else {
      throw .shape(
        tensor: tensor.name,
        expected: expertCount > 0 ? "\(expertCount) experts" : "1 to \(mostExperts) experts",
        found: "\(experts)")
    }
    let own = rank > 1 ? Array(shape.dropLast()) : [1]
    let rows = own.dropFirst().reduce(1, *)
    let source = tensor.slices[0].tensor
    return (0..<experts).map { expert in
      TensorOutline(
        TensorDescription(
          name: name.single(expert), dimensions: own, type: tensor.description.type),
        slices: [.init(tensor: source, rows: expert * rows..<(expert + 1) * rows)],
        sliceRowWeights: own[0], types: [tensor.description.type])
    }
  }

  /// A shape with as many dimensions as it should have: those of one at its end mean nothing.
  static func fullShape(
    _ tensor: TensorDescription, rank: Int
  ) throws(QuantError) -> [Int] {
    let used = Array(tensor.dimensions.reversed().drop { $0 == 1 }.reversed())
    guard used.count <= rank else {
      throw .shape(
        tensor: tensor.name, expected: "\(rank) dimensions, the last of them experts",
        found: tensor.dimensions.map(String.init).joined(separator: " x "))
    }
    return used + Array(repeating: 1, count: rank - used.count)
  }
}
