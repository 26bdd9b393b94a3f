// SPDX-License-Identifier: MIT
public import Foundation

/// The built `gguf-tool`, run as users run it.
public enum Tool {
  /// What a run left behind.
  public struct Outcome: Sendable {
    /// The exit code; a signal's number where one ended it.
    public let status: Int32
    /// Everything on standard output.
    public let output: String
    /// Everything on standard error.
    public let errors: String
  }

  /// The folder of the test program, which holds the other programs, too.
  private static let folder = URL(filePath: CommandLine.arguments[0])
    .resolvingSymlinksInPath().deletingLastPathComponent()
  /// The binary beside the test program.
  public static let url = folder.appending(path: "gguf-tool")

  /// Runs the tool to its end.
  ///
  /// `variables` are added to the environment; `emulator` is a program that runs the tool, with its own
  /// arguments; `program` is another one of this package in the tool's place.
  public static func run(
    _ arguments: [String], in folder: URL? = nil, variables: [String: String] = [:],
    emulator: [String] = [], program: String = "gguf-tool"
  ) throws -> Outcome {
    let errors = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data().write(to: errors)
    defer { try? FileManager.default.removeItem(at: errors) }
    let pipe = Pipe()
    let process = try start(
      arguments, in: folder, output: pipe, errors: FileHandle(forWritingTo: errors),
      variables: variables, emulator: emulator, program: program)
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: try String(decoding: Data(contentsOf: errors), as: UTF8.self))
  }

  /// Starts the tool and returns at once.
  public static func start(
    _ arguments: [String], in folder: URL? = nil, output: Any? = FileHandle.nullDevice,
    errors: Any? = FileHandle.nullDevice, variables: [String: String] = [:],
    emulator: [String] = [], program: String = "gguf-tool"
  ) throws -> Process {
    let process = Process()
    let words = emulator + [Self.folder.appending(path: program).path] + arguments
    process.executableURL = URL(filePath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    return process
  }
}
