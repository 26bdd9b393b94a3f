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
      Results go to standard output; progress, notes and warnings to standard error (--progress, \
      --quiet). \
      The exit code is 0 for success, 1 for failure and 64 for wrong arguments; diff and size-estimate \
      have 2, too. \
      llama.cpp's short options (-m, -ngl, -ctk, ...) are understood by every command that has the \
      long one. \
      An interrupted run removes its temporary files, or names the file that the next run continues from.
      """,
    version: Version.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Reading",
        subcommands: [
          Inspect.self,
          Verify.self,
          Diff.self,
          SizeEstimate.self,
          Tokenize.self,
        ]),
      CommandGroup(
        name: "Writing",
        subcommands: [
          Requantize.self,
          Edit.self,
          SplitExperts.self,
          Split.self,
          Merge.self,
        ]),
      CommandGroup(
        name: "Measuring",
        subcommands: [
          Perplexity.self,
          Imatrix.self,
          Hessians.self,
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
    let words = Array(CommandLine.arguments.dropFirst())
    var running: (any ParsableCommand.Type)?
    do {
      try KernelLevel.check()
      let command = try parseAsRoot(CommandLineWords.parsed(words, by: self))
      running = type(of: command)
      FailureCode.use(of: type(of: command))
      try await run(command)
    } catch {
      Interruption.tellWhatStays(after: error)
      end(with: error, in: running, words)
    }
  }

  /// Says what went wrong, and ends with the code for it.
  private static func end(
    with error: any Error, in running: (any ParsableCommand.Type)?, _ words: [String]
  ) -> Never {
    var told = ErrorSentence.of(error, in: running)
    // Whatever a command's own checks refuse before it runs are arguments.
    if running == nil, !(told is ErrorSentence), exitCode(for: told) == .failure {
      told = WrongArguments(
        description: (told as? WrongArguments)?.description ?? message(for: told))
    }
    if running == nil,
      let extra = ExtraArguments(
        message(for: told), in: words, of: CommandLineWords.type(of: words, by: self))
    {
      told = WrongArguments(
        description: "\(message(for: told)): expected \(extra.expected)")
    }
    guard let wrong = told as? WrongArguments else { fail(told) }
    Terminal.error.write(wrong.lines(CommandLineWords.command(of: words, by: self)))
    exit(withError: ExitCode(WrongArguments.exitCode))
  }

  /// Ends with an error's own code, or with the command's for failures.
  private static func fail(_ error: any Error) -> Never {
    let isFailure = !(error is ExitCode) && exitCode(for: error) == .failure
    guard isFailure, FailureCode.current != ExitCode.failure.rawValue else {
      exit(withError: error)
    }
    Terminal.error.write(fullMessage(for: error) + "\n")
    exit(withError: ExitCode(FailureCode.current))
  }

  @concurrent
  private static func run(_ command: sending any ParsableCommand) async throws {
    if let showing = command as? any ProgressShowing { showing.progressOptions.apply() }
    guard var waiting = command as? any AsyncParsableCommand else {
      var command = command
      return try command.run()
    }
    try await waiting.run()
  }
}
