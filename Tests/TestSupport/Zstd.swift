// SPDX-License-Identifier: MIT
import CZstd
public import Foundation

/// Reads zstd-compressed test data.
public enum Zstd {
  /// A frame that libzstd refused.
  public struct Failure: Error {
    /// What libzstd says.
    public let reason: String
  }

  /// Decompresses one frame whose header states its size.
  public static func decompress(_ frame: Data) throws -> [UInt8] {
    try frame.withUnsafeBytes { source in
      let size = ZSTD_getFrameContentSize(source.baseAddress, source.count)
      guard size < 1 << 32 else { throw Failure(reason: "no content size in the frame") }
      return try [UInt8](unsafeUninitializedCapacity: Int(size)) { target, count in
        let written = ZSTD_decompress(
          target.baseAddress, target.count, source.baseAddress, source.count)
        guard ZSTD_isError(written) == 0 else {
          throw Failure(reason: String(cString: ZSTD_getErrorName(written)))
        }
        count = written
      }
    }
  }

  /// Decompresses a committed vector into a folder and returns the plain file.
  ///
  /// Files kept as headers only are extended to `size` bytes, as a hole.
  @discardableResult
  public static func expand(_ name: String, into folder: URL, size: Int? = nil) throws -> URL {
    let source = Paths.testVectors.appending(path: name + ".zst")
    let target = folder.appending(path: (name as NSString).lastPathComponent)
    try Data(decompress(Data(contentsOf: source))).write(to: target)
    if let size {
      let handle = try FileHandle(forWritingTo: target)
      try handle.truncate(atOffset: UInt64(size))
      try handle.close()
    }
    return target
  }
}
