// SPDX-License-Identifier: MIT
import Foundation
import TestSupport
import Testing

/// Every command explains itself, with an example that works.
@Suite("Help of every command")
struct HelpTests {
  /// A command as the tool describes itself to other programs.
  struct Command: Decodable, Sendable, CustomTestStringConvertible {
    struct Argument: Decodable, Sendable {
      let abstract: String?
      let kind: String
      let valueName: String?
    }

    let commandName: String
    let abstract: String?
    let discussion: String?
    let arguments: [Argument]?
    let subcommands: [Command]?
    var superCommands: [String]?

    var testDescription: String { path.joined(separator: " ") }
    var path: [String] { (superCommands ?? []) + [commandName] }

    /// The commands that do something: those without commands below them.
    var leaves: [Command] {
      let below = (subcommands ?? []).filter { $0.commandName != "help" }
      return below.isEmpty ? [self] : below.flatMap(\.leaves)
    }

    /// The lines after `Example:`.
    var examples: [String] {
      (discussion ?? "").split(separator: "\n").compactMap { line in
        line.firstRange(of: "Example: ").map { String(line[$0.upperBound...]) }
      }
    }
  }

  private struct Dump: Decodable { let command: Command }

  static var commands: [Command] {
    get throws {
      let dump = try Tool.run(["--experimental-dump-help"])
      return try JSONDecoder().decode(Dump.self, from: Data(dump.output.utf8)).command.leaves
    }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: try commands)
  func `the abstract is a sentence of one line`(command: Command) throws {
    let abstract = try #require(command.abstract)
    #expect(abstract.hasSuffix(".") && abstract.count <= 70)
    #expect(abstract.first?.isUppercase == true)
  }

  @Test(arguments: try commands)
  func `every option is explained and every value has a name`(command: Command) {
    for argument in command.arguments ?? [] {
      #expect(argument.abstract?.isEmpty == false, "\(argument)")
      #expect(argument.kind == "flag" || argument.valueName != nil, "\(argument)")
    }
  }

  @Test(arguments: try commands)
  func `help fits eighty columns`(command: Command) throws {
    let help = try Tool.run(command.path.dropFirst() + ["--help"])
    #expect(help.status == 0)
    #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  /// Examples run where `model.gguf`, `imatrix.gguf`, `imatrix.dat` and `text.txt` lie, and, where they
  /// are named, both parts of a result, `part-1.gguf` and `part-2.gguf`, `hessians.gguf`, and `mtp.gguf`, a
  /// model whose last layers predict further tokens.
  @Test(arguments: try commands)
  func `the example runs`(command: Command) throws {
    let files = [
      "model.gguf": "tiny-moe-f16.gguf", "imatrix.gguf": "tiny-moe.imatrix.gguf",
      "imatrix.dat": "tiny-moe.imatrix.dat",
    ]
    for (name, vector) in files {
      let plain = try Zstd.expand(vector, into: folder.url)
      try FileManager.default.moveItem(at: plain, to: folder.file(name))
    }
    let text = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 10)
    _ = try folder.write(Array(text.utf8), "text.txt")
    try #require(!command.examples.isEmpty, "no line begins with \"Example: gguf-tool \"")
    if command.examples.contains(where: { $0.contains(" shards-") }) {
      #expect(try runInShell("gguf-tool split model.gguf shards --split-max-tensors 20") == 0)
    }
    for part in 1...2 where command.examples.contains(where: { $0.contains("part-") }) {
      let words = "gguf-tool perplexity model.gguf --corpus text.txt --ctx 16 --chunks 2"
      #expect(try runInShell("\(words) --part \(part)/2 -o part-\(part).gguf") == 0)
    }
    if command.examples.contains(where: { $0.contains(" hessians.gguf") }) {
      let words = "gguf-tool hessians model.gguf --corpus text.txt --ctx 16 -o hessians.gguf"
      #expect(try runInShell(words) == 0)
    }
    if command.examples.contains(where: { $0.contains(" mtp.gguf") }) {
      try TinyAhead().file().write(to: folder.path("mtp.gguf"))
    }
    for example in command.examples {
      #expect(example.hasPrefix("gguf-tool \(command.path.dropFirst().joined(separator: " ")) "))
      #expect(try runInShell(example) == 0, "\(example)")
    }
  }

  /// Runs a line as a user's shell would, the built tool first in the path.
  private func runInShell(_ line: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = folder.url
    var environment = ProcessInfo.processInfo.environment
    let tools = Tool.url.deletingLastPathComponent().path
    environment["PATH"] = tools + ":" + (environment["PATH"] ?? "")
    process.environment = environment
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
