// SPDX-License-Identifier: MIT
public import Foundation

/// Where tests find their data.
public enum Paths {
  /// The checkout's root folder.
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The committed vectors.
  public static let testVectors = root.appending(path: "TestVectors")

  /// The folder beside the checkout with data that is not part of the project, if it is there.
  public static let shared: URL? = {
    let url = root.deletingLastPathComponent().appending(path: "shared")
    return FileManager.default.fileExists(atPath: url.path) ? url : nil
  }()

  /// A fresh folder for one test, emptied when the machine wishes.
  public static func temporaryFolder() throws -> URL {
    let url = FileManager.default.temporaryDirectory
      .appending(path: "gguf-tool-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }
}
