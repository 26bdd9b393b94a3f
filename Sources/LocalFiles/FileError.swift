// SPDX-License-Identifier: MIT

/// An error in a file, with the place where it occurred.
public enum FileError: Error, Equatable, Sendable {
  /// Bytes that break the format.
  ///
  /// `offset` counts bytes from the start of `file`; `what` names the field or tensor.
  case malformed(file: String, offset: Int, what: String, expected: String, found: String)
  /// A system call that failed.
  case system(file: String, call: String, errno: Int32)
  /// Something well-formed that this version cannot do.
  case unsupported(file: String, what: String)
  /// A file that another program changed while it was read.
  case changed(file: String, what: String)
  /// An output that another process is writing.
  case inUse(file: String, what: String)
  /// A disk without room for an output, as found before writing; a disk that is full later makes a system
  /// call fail.
  case noSpace(file: String, what: String)
  /// A name that the output cannot have, or content that its format cannot hold.
  case invalid(file: String, what: String)
  /// A name that the file does not hold.
  case missing(file: String, what: String)
}

extension FileError: CustomStringConvertible {
  /// One sentence: file, place, what was expected, what was found.
  public var description: String {
    switch self {
    case .malformed(let file, let offset, let what, let expected, let found):
      "\(file): byte \(offset): \(what): expected \(expected), found \(found)"
    case .system(let file, let call, let errno):
      "\(file): \(call) failed: \(systemErrorText(errno))"
    case .unsupported(let file, let what), .changed(let file, let what),
      .inUse(let file, let what), .noSpace(let file, let what), .invalid(let file, let what):
      "\(file): \(what)"
    case .missing(let file, let what):
      "\(file): there is no \(what)"
    }
  }
}
