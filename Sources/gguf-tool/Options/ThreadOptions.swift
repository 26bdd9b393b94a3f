// SPDX-License-Identifier: MIT
import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `--threads`, for every command that computes.
struct ThreadOptions: ParsableArguments {
  @Option(
    name: [.customShort("t"), .customLong("threads")],
    help: ArgumentHelp(
      "Number of threads (default: the number of processors).", valueName: "count"))
  var threads: Int?

  /// The number of threads to use.
  var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  mutating func validate() throws {
    guard let threads else { return }
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be from 1 to 1024, not \(threads).")
    }
  }
}
