// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// What a file is said to be (`general.file_type`): the preset that it was made by, unless most of it
/// became something else.
struct FileLabel {
  private let preset: FileType
  /// Weights in the types that the preset alone would have given them.
  private var usualWeights = 0
  /// Weights in each type; vectors do not count.
  private var weights: [TensorType: Int] = [:]

  /// No tensors yet of a file made by a preset.
  init(_ preset: FileType) { self.preset = preset }

  /// Adds a tensor of the output, and the type that the preset alone would have given it.
  mutating func add(_ tensor: ModelPlan.Tensor, usual: TensorType) {
    let description = tensor.description
    guard description.dimensions.count(where: { $0 > 1 }) > 1 else { return }
    let expected = Untouchable.contains(description) ? preset.defaultType : usual
    let count = tensor.weightCount
    weights[description.type] = [weights[description.type] ?? 0, count].clampedSum(\.self)
    if description.type == expected { usualWeights = [usualWeights, count].clampedSum(\.self) }
  }

  /// The preset, or the first that has the type of most weights; `nil` if there is none.
  var fileType: FileType? {
    guard usualWeights < weights.values.clampedSum(\.self) - usualWeights else { return preset }
    let most = weights.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
    return FileType.all.first { $0.defaultType == most }
  }
}

extension Recipe {
  /// Whether anything but the preset decides about types.
  var changesPreset: Bool {
    !rules.isEmpty || leavesOutputTensor || outputTensorType != nil || tokenEmbeddingType != nil
  }

  /// The same preset, and nothing said about single tensors.
  var presetAlone: Recipe {
    var recipe = Recipe(preset: preset)
    recipe.isPure = isPure
    return recipe
  }
}
