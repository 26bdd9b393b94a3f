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
      The exit code is 0 for success, 1 for failure and 64 for wrong arguments. \
      An interrupted run removes its temporary files, or names the file that the next run continues from.
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
          MergeResults.self,
        ]),
    ])

  /// Makes the root command.
  package init() {}

  /// Runs the command that the arguments name.
  package static func main() async {
    Interruption.watch()
    Terminal.ignoreBrokenPipes()
    if Set(CommandLine.arguments.dropFirst()) == ["--version", "--verbose"] {
      return print(Version.verbose)
    }
    var running: (any ParsableCommand.Type)?
    do {
      try KernelLevel.check()
      let command = try parseAsRoot()
      running = type(of: command)
      try await run(command)
    } catch {
      Interruption.tellWhatStays()
      exit(withError: ErrorSentence.of(error, in: running))
    }
  }

  @concurrent
  private static func run(_ command: sending any ParsableCommand) async throws {
    guard var waiting = command as? any AsyncParsableCommand else {
      var command = command
      return try command.run()
    }
    try await waiting.run()
  }
}
