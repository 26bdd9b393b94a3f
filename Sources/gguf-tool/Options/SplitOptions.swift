// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// How the output is shared out among files.
struct SplitOptions: ParsableArguments {
  @Flag(help: "Split the output into shards as the source is.")
  var keepSplit = false

  @OptionGroup var rule: SplitRuleOptions

  /// Whether any way of splitting is asked for.
  var isGiven: Bool { keepSplit || rule.isGiven }

  func validate() throws {
    guard !keepSplit || !rule.isGiven else {
      throw ValidationError(
        "Only one of --keep-split, --split-max-size and --split-max-tensors can be given.")
    }
    guard rule.isGiven || !rule.noTensorFirstSplit else {
      throw ValidationError(
        "--no-tensor-first-split needs --split-max-size or --split-max-tensors.")
    }
  }

  /// The names and cuts of the output for a path.
  func naming(_ path: String, source: any ModelSource) throws -> OutputNaming {
    if let rule = try rule.rule() { return .split(path, rule) }
    return keepSplit && source.files.count > 1 ? .keepSplit(path) : .single(path)
  }
}

/// What bounds the shards of an output, as in llama-gguf-split.
struct SplitRuleOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write shards of at most this much tensor data, such as 500M or 48G (powers of 1000).",
      valueName: "size"))
  var splitMaxSize: String?

  @Option(help: ArgumentHelp("Write shards of at most this many tensors.", valueName: "count"))
  var splitMaxTensors: Int?

  @Flag(help: "Write a first shard with the metadata alone, without tensors.")
  var noTensorFirstSplit = false

  /// Whether a rule is given.
  var isGiven: Bool { splitMaxSize != nil || splitMaxTensors != nil }

  func validate() throws {
    guard splitMaxSize == nil || splitMaxTensors == nil else {
      throw ValidationError("Only one of --split-max-size and --split-max-tensors can be given.")
    }
    if let splitMaxTensors, splitMaxTensors < 1 {
      throw ValidationError("--split-max-tensors must be at least 1.")
    }
    _ = try splitMaxSize.map { try Size.bytes($0, option: "--split-max-size") }
  }

  /// The rule; `nil` without one.
  func rule() throws -> SplitRule? {
    let bytes = try splitMaxSize.map { try Size.bytes($0, option: "--split-max-size") }
    let bound = bytes.map(SplitRule.Bound.maxBytes) ?? splitMaxTensors.map { .maxTensors($0) }
    return bound.map { SplitRule($0, firstHasNoTensors: noTensorFirstSplit) }
  }
}
