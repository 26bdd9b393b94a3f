// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The way of all results to standard output.
package enum Output {
  /// A result that could not be delivered, on a full disk for instance.
  package struct Failure: Error, CustomStringConvertible {
    let number: Int32

    /// The system's words.
    package var description: String {
      "standard output: write failed: \(unsafe String(cString: strerror(number)))"
    }
  }

  /// Writes text as it is.
  ///
  /// - Parameter text: Whole lines, already safe to print.
  /// - Throws: `Failure`; a reader that has gone away (`| head`) ends the program quietly.
  package static func write(_ text: String) throws {
    try check(Terminal.output.write(text))
  }

  /// Writes bytes as they are, to a file or another program: a terminal could be steered by them.
  static func write(_ bytes: [UInt8]) throws { try check(Terminal.output.write(bytes)) }

  private static func check(_ number: Int32) throws {
    switch number {
    case 0: return
    case EPIPE: throw ExitCode.success
    default: throw Failure(number: number)
    }
  }
}

/// Warnings, a line each on standard error.
package enum Warnings {
  /// Warns of something that the job goes on in spite of.
  package static func write(_ text: String) { Notes.write("warning: \(text)") }
}

/// Lines on standard error that must not run into the progress line.
package enum Notes {
  private static let isLineOpen = Locked(false)

  /// Writes a line, erasing any progress line first.
  package static func write(_ text: String) {
    isLineOpen.withLock { isOpen in
      Terminal.error.write((isOpen ? "\r\u{1B}[K" : "") + Text.printable(text) + "\n")
      isOpen = false
    }
  }

  /// Shows a progress line in place of the one before it; `nil` erases it.
  static func showProgress(_ line: String?) {
    isLineOpen.withLock { isOpen in
      guard isOpen || line != nil else { return }
      Terminal.error.write("\r\u{1B}[K" + (line ?? ""))
      isOpen = line != nil
    }
  }
}
