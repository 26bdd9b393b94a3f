// SPDX-License-Identifier: MIT
public import Foundation

/// Runs the scripts in Tests/Scripts with the machine's Python.
public enum Python {
  /// A script that failed.
  public struct Failure: Error {
    /// What it wrote to its error output.
    public let message: String
  }

  /// Whether there is a `python3` that can import a module; starts one to find out.
  public static func canImport(_ module: String) -> Bool {
    (try? output(of: ["-c", "import \(module)"])) != nil
  }

  /// Runs a script and returns what it prints.
  public static func run(_ script: String, _ arguments: String...) throws -> Data {
    let path = Paths.root.appending(path: "Tests/Scripts/\(script)").path
    return try output(of: [path] + arguments)
  }

  private static func output(of arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Scripts say little when they fail, so that reading one after the other cannot block.
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(message: String(decoding: complaint, as: UTF8.self))
    }
    return data
  }
}
