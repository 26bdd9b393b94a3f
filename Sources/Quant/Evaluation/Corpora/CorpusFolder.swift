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
    let paths = try names(in: folder)
      .filter { !$0.hasPrefix(".") }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      .map { prefix + $0 }
      .filter { !isFolder($0) }
    guard !paths.isEmpty else {
      throw .content(file: folder, line: 0, what: "there are no files in this folder")
    }
    return paths
  }

  private static func names(in folder: String) throws(QuantError) -> [String] {
    guard let handle = unsafe opendir(folder) else {
      throw .file(.system(file: folder, call: "reading this folder", errno: errno))
    }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      // The name lies within the entry, which stays until the next one is read.
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }
}
