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
  package static func write(_ text: String) { ErrorLines.write("warning: \(text)") }
}

/// What a user may like to know, a line each on standard error, unless `--quiet` asks for silence.
package enum Notes {
  private static let isSilent = Locked(false)

  /// Notes something.
  package static func write(_ text: String) {
    if !isSilent.withLock({ $0 }) { ErrorLines.write(text) }
  }

  /// Writes no more notes.
  static func silence() { isSilent.withLock { $0 = true } }
}

/// Lines on standard error that must not run into the progress bar.
package enum ErrorLines {
  private static let bar = Locked((isShown: false, isOver: false))

  /// Writes a line, erasing any bar first.
  package static func write(_ text: String) { write(text, isLast: false) }

  /// Shows a bar in place of the one before it; `nil` erases it.
  static func showBar(_ line: String?) {
    bar.withLock { bar in
      guard bar.isShown || line != nil, !bar.isOver else { return }
      Terminal.error.write("\r\u{1B}[K" + (line ?? ""))
      bar.isShown = line != nil
    }
  }

  /// Writes a line, after which there are no more bars: the program ends while others still work.
  static func writeLast(_ text: String) { write(text, isLast: true) }

  private static func write(_ text: String, isLast: Bool) {
    bar.withLock { bar in
      Terminal.error.write((bar.isShown ? "\r\u{1B}[K" : "") + Text.printable(text) + "\n")
      bar = (isShown: false, isOver: bar.isOver || isLast)
    }
  }
}
