// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF

extension ProgressMode: ExpressibleByArgument {}

/// `--progress` and `--quiet`, for every command that may take long.
struct ProgressOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Progress on standard error: auto, a bar on a terminal, else a line every 30 seconds; plain, such"
        + " lines even on a terminal; none.", valueName: "mode"))
  var progress = ProgressMode.auto

  @Flag(help: "Show no progress and no notes. Warnings and errors stay.")
  var quiet = false

  /// Makes all that is shown from now on follow them.
  func apply() {
    Progress.chosen.withLock { $0 = quiet ? .none : progress }
    if quiet { Notes.silence() }
  }
}

/// A command that may take long.
protocol ProgressShowing: ParsableCommand {
  /// What it shows meanwhile.
  var progressOptions: ProgressOptions { get }
}
