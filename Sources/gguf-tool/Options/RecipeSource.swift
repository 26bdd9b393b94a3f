// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// Where a recipe comes from: `--type`, a recipe file, or both.
struct RecipeSource {
  /// The name of a preset, or `COPY`; goes before the file's.
  let type: String?
  /// The recipe file.
  let file: String?

  /// Reads the recipe.
  ///
  /// Throws `ValidationError` without a preset, or one of a wrong name; `QuantError.content` for a file
  /// that cannot be understood.
  func recipe() throws -> Recipe {
    let base = try type.map(Self.preset)
    let text = try file.map { try TextFile.read($0) } ?? ""
    let name = file ?? "the recipe"
    guard let recipe = try RecipeFile.contents(text, file: name).recipe(base: base) else {
      throw ValidationError(
        "Expected --type, or a line \"preset = NAME\" in \(name); found neither.")
    }
    return recipe
  }

  /// The recipe of a preset alone.
  static func preset(_ name: String) throws -> Recipe {
    guard let recipe = Recipe(presetName: name) else {
      throw ValidationError(
        "--type: there is no preset \"\(name)\"\(Recipe.question(name)); presets are "
          + FileType.all.map(\.name).joined(separator: ", ") + ", and COPY.")
    }
    return recipe
  }
}
