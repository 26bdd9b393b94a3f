// SPDX-License-Identifier: MIT
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A stream the tool writes to, and what can be done with it.
package struct Terminal: Sendable {
  /// The stream's file descriptor.
  let descriptor: Int32

  /// Results.
  package static let output = Terminal(descriptor: 1)
  /// Progress, warnings and errors.
  package static let error = Terminal(descriptor: 2)

  /// Whether the stream is a terminal, be it one without escape codes.
  var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Whether somebody is looking on, rather than a file or another program reading.
  package var isInteractive: Bool { isTerminal && Self.variable("TERM") != "dumb" }

  /// Whether headings may be set off by escape codes (see no-color.org).
  package var hasStyle: Bool { isInteractive && (Self.variable("NO_COLOR") ?? "").isEmpty }

  /// Cells in a line: the window's, or 80 where there is no window, or what `COLUMNS` says.
  package var width: Int {
    if let columns = Self.variable("COLUMNS").flatMap({ Int($0) }), columns > 0 { return columns }
    var size = winsize()
    let isKnown = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? max(40, Int(size.ws_col)) : 80
  }

  /// Cells that a table may take: a line of a terminal. Elsewhere there is no limit, as programs look
  /// for whole names.
  package var tableWidth: Int { isTerminal ? width : .max }

  /// A variable of the environment.
  static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// A program that reads only our first lines (`| head`) must not end a long job by a signal: the
  /// write fails instead, and `Output` ends quietly.
  package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  /// Writes all of a text; the error number if that failed, else zero.
  @discardableResult
  func write(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { unsafe write(UnsafeRawBufferPointer($0)) }
  }

  /// Writes all bytes; the error number if that failed, else zero.
  func write(_ bytes: [UInt8]) -> Int32 { unsafe bytes.withUnsafeBytes { unsafe write($0) } }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    var rest = unsafe bytes
    while unsafe !rest.isEmpty {
      let count = unsafe platformWrite(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return errno }
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return 0
  }
}

/// The system's `write`, which the method of that name hides.
private func platformWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  unsafe write(descriptor, bytes, count)
}
