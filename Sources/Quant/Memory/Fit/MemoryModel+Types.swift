// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels
public import QuantPlanning

extension MemoryModel {
  /// The same model in the types of a recipe, without a file being planned: much faster, and enough for
  /// memory, not for the size of the file.
  ///
  /// - Throws: `QuantError` as planning does for metadata that is not usable.
  /// - Complexity: O(*n*) in tensors.
  public func retyped(_ recipe: Recipe, hasImportance: Bool) throws(QuantError) -> MemoryModel {
    let retyped = try recipe.retyping(
      tensors.map(\.description), facts, hasImportance: hasImportance)
    return MemoryModel(
      self,
      tensors: try retyped.map { (tensor) throws(QuantError) in try Tensor(tensor, of: name) })
  }

  /// The largest preset in which all of the model fits a budget.
  ///
  /// Presets far too large are passed over by their bits; then they are tried from the largest on.
  ///
  /// - Parameters:
  ///   - options: How it is run.
  ///   - budget: What may be used.
  ///   - hasImportance: Whether there is an importance matrix, on which some presets depend.
  /// - Returns: The preset; `nil` if none fits.
  /// - Throws: As `retyped`.
  public func largestPreset(
    options: ContextOptions, budget: MemoryBudget, hasImportance: Bool
  ) throws(QuantError) -> FileType? {
    let room = (budget.gpus.isEmpty ? [budget.host ?? .max] : budget.gpus).clampedSum { $0 }
    let weights = Double(weightCount)
    var best: (preset: FileType, bytes: Int)?
    // Mixes of presets differ from the bits of their main type by less than a quarter.
    for preset in FileType.all.reversed() where weights * preset.bitsPerWeight / 10 < Double(room) {
      if let best, weights * preset.bitsPerWeight / 6.4 < Double(best.bytes) { break }
      let model = try retyped(Recipe(preset: preset), hasImportance: hasImportance)
      guard model.tensorBytes > best?.bytes ?? 0,
        MemoryFit.fitsWhole(model, options: options, budget: budget)
      else { continue }
      best = (preset, model.tensorBytes)
    }
    return best?.preset
  }
}
