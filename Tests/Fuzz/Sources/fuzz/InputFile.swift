// SPDX-License-Identifier: MIT
import Glibc

/// A file in memory that every run fills anew.
final class InputFile: Sendable {
  /// Where readers find it.
  let path: String
  private let descriptor: Int32

  /// Makes the file in the folder `FUZZ_FOLDER`, or in memory; the name decides how corpora are read.
  init(_ name: String) {
    let folder = getenv("FUZZ_FOLDER").map { String(cString: $0) } ?? "/dev/shm"
    path = "\(folder)/fuzz-\(getpid())-\(name)"
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
    precondition(descriptor >= 0, "\(path) cannot be made")
  }

  /// Replaces what the file holds.
  func fill(_ bytes: UnsafeRawBufferPointer) {
    let isWritten =
      ftruncate(descriptor, 0) == 0
      && pwrite(descriptor, bytes.baseAddress, bytes.count, 0) == bytes.count
    precondition(isWritten, "\(path) cannot be written")
  }
}
