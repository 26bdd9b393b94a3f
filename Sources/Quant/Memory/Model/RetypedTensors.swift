// SPDX-License-Identifier: MIT
internal import GGUF

/// Tensors in the types that a recipe gives them.
enum RetypedTensors {
  /// The same tensors in the types of a recipe.
  ///
  /// - Complexity: O(*n*) in tensors.
  static func tensors(
    _ tensors: [TensorDescription], _ recipe: Recipe, facts: ModelFacts, hasImportance: Bool
  ) -> [TensorDescription] {
    let infos = tensors.map { TensorInfo(planned: $0) }
    let chooser = TypeChooser(
      recipe: recipe, facts: facts, tensors: infos, hasImportance: hasImportance)
    return infos.map {
      TensorDescription(
        name: $0.name, dimensions: $0.dimensions, type: chooser.choice(for: $0).type)
    }
  }
}
