// SPDX-License-Identifier: MIT
import ArgumentParser
import Foundation
import TestSupport
import Testing
import gguf_tool

/// What is installed beside the tool, made from what it says of itself.
@Suite("Man pages and completions", .enabled(if: Python.canImport("pty"), "needs python3"))
struct InstallTests {
  @Test func `every command has a man page that renders`() throws {
    _ = try Python.run("check_man_pages.py", Tool.url.path)
  }

  @Test func `Tab completes commands, options, values and files in bash`() throws {
    _ = try Python.run("check_completions.py", Tool.url.path, "bash")
  }

  @Test(arguments: [
    ["--generate-completion-script", "zsh"], ["--generate-completion-script=fish"],
    ["--experimental-dump-help"],
    ["---completion", "requantize", "--", "--type", "2", "1", "gguf-tool", "requantize", "--type"],
  ])
  func `requests of shells reach the parser as they are`(words: [String]) throws {
    #expect(try CommandLineWords.parsed(words, by: GGUFTool.self) == words)
  }
}
