// SPDX-License-Identifier: MIT
import Foundation

/// SHA-256 by coreutils' `sha256sum`, for comparing what the tool computes with another program's.
public enum SHA256 {
  /// The hash in hexadecimal digits.
  public static func hex(_ message: [UInt8]) throws -> String {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["sha256sum", try folder.write(message, "message")]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let line = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: line.prefix(64), as: UTF8.self)
  }
}
