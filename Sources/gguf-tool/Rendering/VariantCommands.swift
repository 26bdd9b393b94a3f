// SPDX-License-Identifier: MIT
import Quant

/// The commands that make a variant of a frontier, to be pasted into a shell in the folder where the
/// frontier was measured.
struct VariantCommands {
  private let frontier: Frontier
  private let point: Frontier.Point

  /// Prepares the commands of a point.
  init(_ point: Frontier.Point, of frontier: Frontier) {
    self.frontier = frontier
    self.point = point
  }

  /// One that writes the recipe, and one that writes the model.
  var lines: [String] { [recipe, requantize] }

  /// No line of a recipe is this word.
  private static let end = "END"

  private var recipe: String {
    "cat > \(ShellWords.quoted(path: name + ".recipe")) <<'\(Self.end)'\n\(point.recipe)\(Self.end)"
  }

  private var requantize: String {
    var words = ["gguf-tool", "requantize"]
    words += [frontier.model, name + ".gguf"].map(ShellWords.quoted(path:))
    words += ["--recipe", ShellWords.quoted(path: name + ".recipe")]
    if let matrix = frontier.importance { words += ["--imatrix", ShellWords.quoted(path: matrix)] }
    if point.requantizes { words.append("--allow-requantize") }
    if point.lacksImportance { words.append("--allow-missing-imatrix") }
    return words.joined(separator: " ")
  }

  /// The model's file and the variant, such as `model.merged-3.50-bits`.
  private var name: String {
    let file = FrontierFacts(frontier).fileName
    let model = file.hasSuffix(".gguf") ? String(file.dropLast(".gguf".count)) : file
    let base = model.replacing(/-\d{5}-of-\d{5}$/, with: "")
    return "\(base).\(point.series.rawValue)-\(point.label)".replacing(" ", with: "-")
  }
}
