// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Folders of shards.
enum CorpusFolder {
  /// Whether there is a folder at this path.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The files of a folder by name, byte by byte; hidden ones and folders are passed over.
  static func files(in folder: String) throws(QuantError) -> [String] {
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    let names = try QuantError.wrapping { () throws(FileError) in
      try Disk.names(inFolder: folder)
    }
    let paths = names.filter { !$0.hasPrefix(".") }.map { prefix + $0 }.filter { !isFolder($0) }
    guard !paths.isEmpty else {
      throw .content(file: folder, line: 0, what: "there are no files in this folder")
    }
    return paths
  }
}
