// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Disk {
  /// The names in a folder, sorted byte by byte, without `.` and `..`.
  ///
  /// Throws `FileError.system` if it cannot be read.
  package static func names(inFolder folder: String) throws(FileError) -> [String] {
    guard let handle = unsafe opendir(folder) else {
      throw POSIX.failure(folder, "reading this folder")
    }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      // The name lies within the entry, which stays until the next one is read.
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
