// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// One bad (or only odd) file and what must come of opening it.
struct MalformedCase: Sendable, CustomTestStringConvertible {
  enum Outcome: Sendable {
    /// An error at the builder's fault, with these words in its description.
    case refused([String])
    /// A file, of which this must hold.
    case opens(@Sendable (GGUFFile) throws -> Bool)
  }

  /// The row of the survey's table, and what is odd.
  let id: String
  let outcome: Outcome
  /// The size of the file, if a hole follows the bytes.
  let size: Int?
  let build: @Sendable (inout FileBuilder) -> Void

  var testDescription: String { id }

  static func refused(
    _ id: String, _ words: String..., size: Int? = nil,
    build: @escaping @Sendable (inout FileBuilder) -> Void
  ) -> MalformedCase {
    MalformedCase(id: id, outcome: .refused(words), size: size, build: build)
  }

  static func opens(
    _ id: String, size: Int? = nil, build: @escaping @Sendable (inout FileBuilder) -> Void,
    so check: @escaping @Sendable (GGUFFile) throws -> Bool = { _ in true }
  ) -> MalformedCase {
    MalformedCase(id: id, outcome: .opens(check), size: size, build: build)
  }

  static let all: [MalformedCase] =
    header + counts + keys + keyNames + values + arrays + alignments + tensorNames + shapes + sizes
    + types + offsets + data

  /// Writes the file, opens it, and says what is wrong with the outcome; `nil` if nothing is.
  func complaint(in folder: TemporaryFolder) throws -> String? {
    let file = FileBuilder.file(build)
    let url = folder.file("model.gguf")
    try file.write(to: url, size: size)
    let result = Result { try GGUFFile.open(url.path) }
    switch (outcome, result) {
    case (.opens(let check), .success(let model)):
      return try check(model) ? nil : "opened, but not as it should be"
    case (.opens, .failure(let error)):
      return "refused: \(error)"
    case (.refused, .success):
      return "opened"
    case (.refused(let words), .failure(let error)):
      let text = "\(error)"
      let place = "\(url.path): byte \(file.faultOffset ?? 0): "
      let missing = words.filter { !text.contains($0) }
      return text.hasPrefix(place) && missing.isEmpty && error is FileError
        ? nil : "refused as \"\(text)\" without \"\(place)\" or \(missing)"
    }
  }
}

@Suite("Malformed files") struct MalformedTests {
  @Test("The survey's table of bad files", arguments: MalformedCase.all)
  func table(_ row: MalformedCase) throws {
    let complaint = try row.complaint(in: TemporaryFolder())
    #expect(complaint == nil)
  }

  @Test func `names of cases are unique`() {
    #expect(Set(MalformedCase.all.map(\.id)).count == MalformedCase.all.count)
  }
}
