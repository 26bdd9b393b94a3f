// SPDX-License-Identifier: MIT
package import GGUF
package import QuantModels

/// The tensors of a model in the types of any recipe, without a file being planned: what all recipes have
/// in common is made ready once.
package struct Retyping: Sendable {
  private let tensors: [(outline: TensorOutline, name: ExpertTensorName?)]
  private let places: TensorPlaces
  private let facts: ModelFacts

  /// Makes a model ready.
  ///
  /// - Parameters:
  ///   - tensors: Tensors of a model, in either layout of experts.
  ///   - facts: The model's numbers.
  package init(_ tensors: [TensorDescription], _ facts: ModelFacts) {
    let whole = tensors.enumerated().map {
      TensorOutline(whole: TensorInfo(planned: $1), index: $0)
    }
    places = TensorPlaces(ExpertMerging(whole, expertCount: 0).mergedDescriptions())
    self.tensors = Self.named(whole)
    self.facts = facts
  }

  private static func named(
    _ outlines: [TensorOutline]
  ) -> [(outline: TensorOutline, name: ExpertTensorName?)] {
    outlines.map { ($0, ExpertTensorName($0.name)) }
  }

  /// The tensors that a recipe makes of them.
  ///
  /// - Parameters:
  ///   - recipe: What is wanted.
  ///   - hasImportance: Whether there is an importance matrix: some presets depend on it.
  /// - Returns: Names, shapes and types in the recipe's layout.
  /// - Throws: `QuantError` for experts or rules that do not fit the layout.
  package func tensors(
    _ recipe: Recipe, hasImportance: Bool
  ) throws(QuantError) -> [TensorDescription] {
    let chooser = TypeChooser(
      recipe: recipe, facts: facts, places: places, hasImportance: hasImportance)
    let arranged =
      recipe.layout == .keep
      ? tensors
      : Self.named(
        try recipe.layout.arranged(tensors.map(\.outline), expertCount: facts.expertCount))
    return try arranged.map { (tensor) throws(QuantError) in
      TensorDescription(
        name: tensor.outline.name, dimensions: tensor.outline.description.dimensions,
        type: try chooser.choice(for: tensor.outline, tensor.name).type)
    }
  }
}
