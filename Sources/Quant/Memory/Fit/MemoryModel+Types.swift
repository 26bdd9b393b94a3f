// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels
public import QuantPlanning

extension MemoryModel {
  /// Bits of a weight, on average.
  public var bitsPerWeight: Double { Double(tensorBytes) * 8 / Double(max(1, weightCount)) }

  /// The same model in the types of a recipe, without a file being planned: much faster, and enough for
  /// memory, not for the size of the file.
  ///
  /// - Throws: `QuantError` as planning does for metadata that is not usable.
  /// - Complexity: O(*n*) in tensors.
  public func retyped(_ recipe: Recipe, hasImportance: Bool) throws(QuantError) -> MemoryModel {
    try retyped(recipe, retyping, hasImportance: hasImportance)
  }

  /// Makes the model ready for several recipes.
  var retyping: Retyping { Retyping(tensors.map(\.description), facts) }

  /// The same for one of several recipes.
  func retyped(
    _ recipe: Recipe, _ retyping: Retyping, hasImportance: Bool
  ) throws(QuantError) -> MemoryModel {
    let retyped = try retyping.tensors(recipe, hasImportance: hasImportance)
    return MemoryModel(
      self,
      tensors: try retyped.enumerated().map { (index, tensor) throws(QuantError) in
        try Tensor(tensor, of: name, like: index < tensors.count ? tensors[index] : nil)
      })
  }
}
