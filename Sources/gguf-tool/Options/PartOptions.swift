// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// `--part`, for every command whose work can be divided among machines.
struct PartOptions: ParsableArguments {
  @Option(
    name: .customLong("part"),
    help: ArgumentHelp(
      "Do only this part of the work, such as 2/4, and write a partial result: merge-results puts all "
        + "parts together, and the whole is that of one run, to the last bit.",
      valueName: "k/n"))
  var text: String?

  func validate() throws { _ = try part }

  /// The part to do; `nil` for everything.
  var part: JobPart? {
    get throws {
      guard let text else { return nil }
      guard let part = JobPart(text) else {
        throw ValidationError(
          "--part: expected k/n with n up to \(JobPart.most) and k from 1 to n, such as 2/4, found "
            + "\"\(text)\".")
      }
      return part
    }
  }

  /// Refuses options that do not go with a part.
  func check(against options: [(name: String, isGiven: Bool)]) throws {
    guard text != nil, let other = options.first(where: \.isGiven) else { return }
    throw ValidationError("--part does not go with \(other.name).")
  }
}
