// SPDX-License-Identifier: MIT
public import ArgumentParser
public import Quant

/// `--effort fast|default|best`.
package struct EffortOption: ParsableArguments {
  /// How long encoders search.
  @Option(help: ArgumentHelp("How long encoders search.", valueName: "effort"))
  package var effort = Effort.default

  /// Nothing was said.
  package init() {}
}

extension Effort: @retroactive ExpressibleByArgument {}
