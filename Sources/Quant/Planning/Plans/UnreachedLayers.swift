// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Layers that no text reached when an importance matrix was gathered, such as those that only predict
/// tokens further ahead: the matrix knows nothing of them.
struct UnreachedLayers {
  /// Their numbers in the source.
  let layers: Set<Int>
  private let source: any ModelSource
  private let recipe: Recipe

  /// Finds them; none without a matrix, nor where a matrix knows no layer at all.
  init(_ source: any ModelSource, _ importance: ImportanceMatrix?, _ recipe: Recipe) {
    self.source = source
    self.recipe = recipe
    var (all, known): (Set<Int>, Set<Int>) = ([], [])
    for tensor in source.tensors where !Untouchable.contains(tensor.description) {
      guard let importance, let layer = TensorName.layer(of: tensor.name) else { continue }
      all.insert(layer)
      if importance.entry(forTensor: tensor.name) != nil { known.insert(layer) }
    }
    layers = known.isEmpty ? [] : all.subtracting(known)
  }

  /// What becomes of a tensor: the type that was stated for such layers, or its own where the recipe's
  /// would need a matrix. Rules that name the tensor stay in force.
  func choice(_ choice: TypeChoice, for tensor: TensorOutline, _ chooser: TypeChooser) -> TypeChoice
  {
    guard contains(tensor), !tensor.isMade(of: choice.type),
      !recipe.rules.contains(where: {
        chooser.finds($0, tensor.name, ExpertTensorName(tensor.name))
      })
    else { return choice }
    let own = tensor.sourceType(ofExpert: 0)
    if let type = recipe.missingType {
      let fitting = Fallback.type(for: type, rowWeights: tensor.description.rowWeights)
      return TypeChoice(type: fitting, fallbackFrom: fitting == type ? nil : type)
    }
    let wanted = TensorDescription(
      name: tensor.name, dimensions: tensor.description.dimensions, type: choice.type)
    guard RequantizePlan.needsImportance(wanted, recipe.preset), !recipe.allowsMissingImportance,
      tensor.isMade(of: own)
    else { return choice }
    return TypeChoice(type: own, fallbackFrom: nil)
  }

  private func contains(_ tensor: TensorOutline) -> Bool {
    let name = tensor.slices.first.map { source.tensors[$0.tensor].name }
    return name.flatMap(TensorName.layer).map(layers.contains) ?? false
  }
}
