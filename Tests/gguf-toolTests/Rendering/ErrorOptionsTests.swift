// SPDX-License-Identifier: MIT
import ArgumentParser
import Foundation
import Quant
import Testing
import gguf_tool

@Suite("Options that errors name") struct ErrorOptionsTests {
  private let commands = GGUFTool.configuration.subcommands

  private func command(_ name: some StringProtocol) throws -> any ParsableCommand.Type {
    try #require(commands.first { $0._commandName == name }, "\(name)")
  }

  /// The options that a command's help lists, which are those at the beginning of a line.
  private func options(of command: any ParsableCommand.Type) -> Set<String> {
    let labels = GGUFTool.helpMessage(for: command).split(separator: "\n")
      .compactMap { $0.prefixMatch(of: #/  -[-a-z]+(, -[-a-z]+)*/#)?.output.0 }
    return Set(labels.flatMap { named(in: $0) })
  }

  private func named(in text: some StringProtocol) -> [String] {
    String(text).matches(of: #/--[a-z][-a-z]*/#).map { String($0.output) }
  }

  /// Options of a sentence that are not those of the command, nor of another that stands before them.
  private func wrong(
    in error: QuantError, of command: any ParsableCommand.Type
  ) throws -> [String] {
    let parts = error.sentence(in: command).components(separatedBy: "gguf-tool ")
    return try parts.enumerated().flatMap { index, part in
      let owner = index == 0 ? command : try self.command(part.prefix { $0 != " " })
      return named(in: part).filter { !options(of: owner).contains($0) }
    }
  }

  @Test func `are options of the command that ran`() throws {
    #expect(commands.count > 10)
    for command in commands {
      var errors = QuantError.Setting.allCases.map { QuantError.setting($0, what: "wrong") }
      if options(of: command).contains("--memory") {
        errors += QuantError.Setting.allCases.map {
          .memory($0, what: "it needs", neededBytes: 2, allowedBytes: 1)
        }
      }
      for error in errors {
        let wrong = try wrong(in: error, of: command)
        #expect(wrong.isEmpty, "\(command._commandName): \(error) \(wrong)")
      }
    }
  }

  @Test func `there are some for every setting`() {
    for setting in QuantError.Setting.allCases {
      let error = QuantError.setting(setting, what: "wrong")
      #expect(
        commands.contains { !named(in: error.sentence(in: $0)).isEmpty }, "\(setting)")
    }
  }

  @Test(
    arguments: [
      ("plan", .contextLength, "--ctx: wrong"), ("plan", .windowLength, "wrong (--window)"),
      ("frontier", .windowLength, "wrong (--ctx)"), ("perplexity", .windowLength, "wrong (--ctx)"),
      ("size-estimate", .contextLength, "--ctx: wrong"),
      (
        "size-estimate", .layout,
        "wrong: write one tensor per expert (layout = per-expert in the recipe)"
      ),
      (
        "requantize", .importance, "wrong: pass one with --imatrix, or pass --allow-missing-imatrix"
      ),
      ("frontier", .importance, "wrong: pass one for all tensors with --imatrix"),
      ("plan", .preTokenizer, "the pre-tokenizer: wrong"),
      ("logits", .preTokenizer, "wrong; choose one with --pre"),
      ("inspect", .contextLength, "the context length: wrong"),
    ] as [(String, QuantError.Setting, String)])
  func `stand where they are of use`(
    name: String, setting: QuantError.Setting, sentence: String
  ) throws {
    let error = QuantError.setting(setting, what: "wrong")
    #expect(try error.sentence(in: command(name)) == sentence)
  }

  @Test(
    arguments: [
      ("sensitivity", .windowCount, ": take fewer windows (--chunks)"),
      ("plan", .windowLength, ": take shorter windows (--window)"), ("logits", .windowLength, ""),
    ] as [(String, QuantError.Setting, String)])
  func `say how less memory suffices`(
    name: String, setting: QuantError.Setting, ending: String
  ) throws {
    let error = QuantError.memory(setting, what: "it needs", neededBytes: 2, allowedBytes: 1)
    #expect(
      try error.sentence(in: command(name))
        == "it needs 2 bytes of memory for activations, and --memory allows 1" + ending)
  }

  @Test func `are none before there is a command`() {
    let error = QuantError.setting(.batch, what: "wrong")
    #expect(error.sentence(in: nil) == error.description)
  }
}
