// SPDX-License-Identifier: MIT

/// Undoes the compression of a stream, a buffer at a time.
protocol StreamDecoder: AnyObject {
  /// Whether the stream may end here: after a whole member or frame.
  var isBetweenParts: Bool { get }

  /// Decodes some of the input.
  ///
  /// - Parameters:
  ///   - input: Compressed bytes.
  ///   - position: Where to begin in them; moves to the first byte not taken.
  ///   - output: Takes decoded bytes from its start on; its count does not change.
  /// - Returns: How many bytes were decoded. If that is all of `output`, more may be waiting.
  /// - Throws: What the library says of data that is damaged.
  func decode(
    _ input: [UInt8], from position: inout Int, into output: inout [UInt8]
  ) throws(StreamFailure) -> Int
}

/// Why compressed data cannot be decoded, in the words of its library.
struct StreamFailure: Error {
  let reason: String
}

/// How a file is compressed.
enum Compression: String {
  case gzip, zstd

  /// What the first bytes of a file say.
  init?(magic bytes: [UInt8]) {
    if bytes.starts(with: [0x1F, 0x8B]) {
      self = .gzip
    } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
      self = .zstd
    } else if bytes.count > 4, bytes[0] & 0xF0 == 0x50, bytes[1...3] == [0x2A, 0x4D, 0x18] {
      self = .zstd  // A skippable frame comes first.
    } else {
      return nil
    }
  }

  /// What a file's name says.
  init?(path: String) {
    switch FileName.lastExtension(of: path) {
    case "gz": self = .gzip
    case "zst", "zstd": self = .zstd
    default: return nil
    }
  }

  /// A decoder for a new stream; `nil` if there is no memory.
  func makeDecoder() -> (any StreamDecoder)? {
    switch self {
    case .gzip: GzipDecoder()
    case .zstd: ZstdDecoder()
    }
  }
}

/// What the names of corpus files say.
enum FileName {
  /// The part of a path after the last slash.
  static func base(of path: String) -> String {
    String(path.split(separator: "/").last ?? Substring(path))
  }

  /// What follows the last dot of a file's name, in lower case; empty if nothing does.
  static func lastExtension(of path: String) -> String {
    let name = base(of: path)
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }

  /// Whether a file, compressed or not, holds JSON documents.
  static func isJSON(_ path: String) -> Bool {
    var path = path
    if Compression(path: path) != nil, let dot = path.lastIndex(of: ".") {
      path = String(path[..<dot])
    }
    return ["json", "jsonl", "ndjson"].contains(lastExtension(of: path))
  }
}
