// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// How the output is shared out among files.
struct SplitOptions: ParsableArguments {
  @Flag(help: "Split the output into shards as the source is.")
  var keepSplit = false

  @Option(
    help: ArgumentHelp(
      "Write shards of at most this much tensor data, such as 500M or 48G (powers of 1000).",
      valueName: "size"))
  var splitMaxSize: String?

  @Option(help: ArgumentHelp("Write shards of at most this many tensors.", valueName: "count"))
  var splitMaxTensors: Int?

  private var given: Int {
    [keepSplit, splitMaxSize != nil, splitMaxTensors != nil].count { $0 }
  }

  /// Whether any way of splitting is asked for.
  var isGiven: Bool { given > 0 }

  func validate() throws {
    guard given <= 1 else {
      throw ValidationError(
        "Only one of --keep-split, --split-max-size and --split-max-tensors can be given.")
    }
    if let splitMaxTensors, splitMaxTensors < 1 {
      throw ValidationError("--split-max-tensors must be at least 1.")
    }
    _ = try splitMaxSize.map { try Size.bytes($0, option: "--split-max-size") }
  }

  /// The names and cuts of the output for a path.
  func naming(_ path: String, source: any ModelSource) throws -> OutputNaming {
    if let splitMaxSize {
      return .split(path, .maxBytes(try Size.bytes(splitMaxSize, option: "--split-max-size")))
    }
    if let splitMaxTensors { return .split(path, .maxTensors(splitMaxTensors)) }
    return keepSplit && source.files.count > 1 ? .keepSplit(path) : .single(path)
  }
}
