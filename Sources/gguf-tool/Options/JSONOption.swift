// SPDX-License-Identifier: MIT
import ArgumentParser

/// `--json`, for every command with a result.
struct JSONOption: ParsableArguments {
  @Flag(name: .customLong("json"), help: "Print one JSON object instead of text.")
  var isJSON = false
}
