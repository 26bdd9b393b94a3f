// SPDX-License-Identifier: MIT
package import GGUF
package import QuantModels

extension Recipe {
  /// The tensors that this recipe makes of others, without a file being planned.
  ///
  /// - Parameters:
  ///   - tensors: Tensors of a model, in either layout of experts.
  ///   - facts: The model's numbers.
  ///   - hasImportance: Whether there is an importance matrix: some presets depend on it.
  /// - Returns: Names, shapes and types in the recipe's layout.
  /// - Throws: `QuantError` for experts or rules that do not fit the layout.
  package func retyping(
    _ tensors: [TensorDescription], _ facts: ModelFacts, hasImportance: Bool
  ) throws(QuantError) -> [TensorDescription] {
    let whole = tensors.enumerated().map {
      TensorOutline(whole: TensorInfo(planned: $1), index: $0)
    }
    let chooser = TypeChooser(
      recipe: self, facts: facts,
      tensors: ExpertMerging(whole, expertCount: 0).mergedDescriptions(),
      hasImportance: hasImportance)
    return try layout.arranged(whole, expertCount: facts.expertCount).map {
      (outline) throws(QuantError) in
      TensorDescription(
        name: outline.name, dimensions: outline.description.dimensions,
        type: try chooser.choice(for: outline).type)
    }
  }
}
