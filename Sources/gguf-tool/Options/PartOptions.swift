// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// `--part`, for every command whose work can be divided among machines.
struct PartOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Do only this part of the work, such as 2/4, and write a partial result. merge-results merges "
        + "all of them into the result of a single run, to the last bit.",
      valueName: "k/n"),
    transform: JobPart.argument)
  var part: JobPart?

  /// The windows of a text that are run: those of the part, or all.
  func range(of windows: EvaluationWindows) -> Range<Int> {
    part?.range(of: windows.count) ?? 0..<windows.count
  }

  /// Refuses options that do not go with a part.
  func check(against options: [(name: String, isGiven: Bool)]) throws {
    guard part != nil, let other = options.first(where: \.isGiven) else { return }
    throw ValidationError("--part cannot be combined with \(other.name).")
  }
}
