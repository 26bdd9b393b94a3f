// SPDX-License-Identifier: MIT
import GGUF

/// A tensor of the output before its type is chosen: name, shape, and the pieces of the source that it
/// is made of.
struct TensorOutline: Sendable {
  /// Name and shape; the type is the source's, the first where sources differ.
  var description: TensorDescription
  /// The pieces, one after the other.
  var slices: [ModelPlan.Slice]
  /// Weights in a row of the slices.
  let sliceRowWeights: Int
  /// The types of the pieces: one for all, or one an expert where experts differ.
  private let types: [TensorType]

  /// A tensor of the source as it is, perhaps under another name.
  init(whole tensor: TensorInfo, index: Int) {
    description = tensor.description
    slices = [.init(tensor: index, rows: 0..<tensor.rowCount)]
    sliceRowWeights = tensor.rowWeights
    types = [tensor.type]
  }

  init(
    _ description: TensorDescription, slices: [ModelPlan.Slice], sliceRowWeights: Int,
    types: [TensorType]
  ) {
    self.description = description
    self.slices = slices
    self.sliceRowWeights = sliceRowWeights
    let isUniform = types.allSatisfy { $0 == types.first }
    self.types = isUniform ? Array(types.prefix(1)) : types
  }

  /// The name.
  var name: String { description.name }

  /// The type in the source of one expert's part; of the whole, where all are alike.
  func sourceType(ofExpert expert: Int) -> TensorType {
    types.count > 1 ? types[expert] : types.first ?? description.type
  }

  /// Every type in the source, each once.
  var sourceTypes: [TensorType] {
    types.count > 1 ? Set(types).sorted { $0.rawValue < $1.rawValue } : types
  }

  /// The experts of each type in words, where experts differ.
  var typeList: String? {
    types.count > 1 ? ExpertAgreement.list(of: types) : nil
  }

  /// Whether the pieces can be copied into a tensor of this type.
  func isMade(of type: TensorType) -> Bool { types.allSatisfy { $0 == type } }

  /// The tensor to be written, in this type.
  func tensor(_ type: TensorType, fallbackFrom: TensorType?) -> ModelPlan.Tensor {
    ModelPlan.Tensor(
      TensorDescription(name: name, dimensions: description.dimensions, type: type),
      slices: slices, sliceRowWeights: sliceRowWeights,
      action: isMade(of: type) ? .copy : .encode, fallbackFrom: fallbackFrom)
  }
}
