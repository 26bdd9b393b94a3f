// SPDX-License-Identifier: MIT
import Foundation
import Testing
import gguf_tool

@Suite("Words for a shell") struct ShellWordsTests {
  /// The words that a shell makes of a line, each with a zero at its end.
  private func words(_ line: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-c", "printf '%s\\0' \(line)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `are read back as they were`() throws {
    let samples = [
      "a", "", "a b", "it's", "$HOME", "~", "a\\b", "*", "`ls`", "!x", "a;b", "#a", "\"", "<END",
      "a\nb", "\t7", "\u{1B}[2J1", "'\u{7}'\\", "ä\u{202E}b", "=x", "--a=b",
    ]
    for sample in samples {
      let quoted = ShellWords.quoted(sample)
      #expect(try words(quoted) == [sample], "\(quoted)")
      #expect(!quoted.unicodeScalars.contains { $0.value < 32 || $0 == "\u{202E}" }, "\(quoted)")
    }
    #expect(try words(samples.map(ShellWords.quoted(_:)).joined(separator: " ")) == samples)
  }

  @Test func `names of files are no options, and plain ones stay plain`() {
    #expect(ShellWords.quoted(path: "-x.gguf") == "./-x.gguf")
    #expect(ShellWords.quoted(path: "/a/b-1_2.gguf") == "/a/b-1_2.gguf")
  }
}
