// SPDX-License-Identifier: MIT
public import Foundation

/// A folder for one test, removed with all it holds when the last reference goes.
///
/// Keep it in a property of the suite (every test has its own instance) or pass it as an argument: a
/// local variable dies after its last use, which may be before the files are read.
public final class TemporaryFolder: Sendable {
  /// The folder.
  public let url: URL

  /// Makes the folder.
  public init() throws { url = try Paths.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The URL of a file in the folder.
  public func file(_ name: String) -> URL { url.appending(path: name) }

  /// The path of a file in the folder.
  public func path(_ name: String) -> String { file(name).path }

  /// Writes bytes to a file and returns its path.
  public func write(_ bytes: [UInt8], _ name: String = "model.gguf") throws -> String {
    try Data(bytes).write(to: file(name))
    return path(name)
  }
}
