// SPDX-License-Identifier: MIT
import Foundation

/// A document of which marked parts are written by a program.
///
/// A part lies between the lines `<!-- NAME -->` and `<!-- end of NAME -->`.
struct MarkedDocument {
  private let path: String
  private var text: String

  /// Reads a document.
  init(path: String) throws {
    self.path = path
    text = try String(contentsOfFile: path, encoding: .utf8)
  }

  /// Puts new text into a part; a document without that part is left alone.
  mutating func replace(_ name: String, with content: String) {
    guard let start = text.range(of: "<!-- \(name) -->\n"),
      let end = text.range(of: "<!-- end of \(name) -->", range: start.upperBound..<text.endIndex)
    else { return }
    text.replaceSubrange(start.upperBound..<end.lowerBound, with: content)
  }

  /// Writes the document back.
  func write() throws {
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
}
