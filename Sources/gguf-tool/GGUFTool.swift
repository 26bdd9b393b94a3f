// SPDX-License-Identifier: MIT
package import ArgumentParser
import Quant

/// The tool: a list of commands, each in a file of its own.
@main
package struct GGUFTool: AsyncParsableCommand {
  /// ONE LINE a command.
  package static let configuration = CommandConfiguration(
    commandName: "gguf-tool",
    abstract: "Inspect, quantize and measure models in GGUF files.",
    discussion: """
      Results go to standard output, progress and warnings to standard error. \
      The exit code is 0 for success, 1 for failure and 64 for wrong arguments.
      """,
    version: Version.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Reading",
        subcommands: [
          Inspect.self,
          Verify.self,
          SizeEstimate.self,
          Tokenize.self,
        ]),
      CommandGroup(
        name: "Writing",
        subcommands: [
          Requantize.self,
          SplitExperts.self,
        ]),
      CommandGroup(
        name: "Measuring",
        subcommands: [
          Perplexity.self,
          Imatrix.self,
          Logits.self,
          MeasureSensitivity.self,
          Plan.self,
          FrontierCommand.self,
        ]),
    ])

  /// Makes the root command.
  package init() {}

  /// Runs the command that the arguments name.
  package static func main() async {
    Terminal.ignoreBrokenPipes()
    if Set(CommandLine.arguments.dropFirst()) == ["--version", "--verbose"] {
      return print(Version.verbose)
    }
    do {
      try KernelLevel.check()
    } catch {
      exit(withError: error)
    }
    await main(nil)
  }
}
