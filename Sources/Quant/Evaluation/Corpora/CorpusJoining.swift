// SPDX-License-Identifier: MIT

/// How the documents of a corpus become one text.
struct CorpusJoining {
  private enum Rows {
    /// Documents stay as they are.
    case kept
    /// Lines with their line ends, those without words emptied, with "\n\n" between them: what
    /// comes of joining the rows of WikiText as the data set has them.
    case apart
    /// Lines without white space around them, with a space between.
    case sentences
  }

  private let rows: Rows
  private let documentSeparator: [UInt8]?
  /// The most documents that are used.
  let documentLimit: Int

  /// The rule of a protocol for a corpus, named or not.
  init(_ corpus: NamedCorpus?, _ rules: EvaluationProtocol) {
    let isFull = rules == .full
    switch corpus {
    case .wikitext2 where isFull: rows = .apart
    case .ptb where isFull: rows = .sentences
    default: rows = .kept
    }
    documentSeparator = corpus == .c4 && isFull ? [UInt8(ascii: " ")] : nil
    documentLimit = corpus == .c4 && isFull ? 1100 : .max
  }

  /// What stands before a document that is not the first.
  func separator(isJSON: Bool) -> [UInt8] {
    documentSeparator ?? Array(repeating: UInt8(ascii: "\n"), count: isJSON ? 1 : 2)
  }

  /// A document as it goes into the text.
  func prepared(_ document: consuming [UInt8]) -> [UInt8] {
    switch rows {
    case .kept: return document
    case .apart:
      let lines = Self.lines(document).map { Self.trimmed($0).isEmpty ? [] : $0 }
      return Array(lines.joined(separator: [UInt8(ascii: "\n"), UInt8(ascii: "\n")]))
    case .sentences:
      let sentences = Self.lines(document).map(Self.trimmed).filter { !$0.isEmpty }
      return Array(sentences.joined(separator: [UInt8(ascii: " ")]))
    }
  }

  /// The lines of a text, each with its line end.
  private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    for index in text.indices where text[index] == UInt8(ascii: "\n") {
      lines.append(text[start...index])
      start = index + 1
    }
    if start < text.count { lines.append(text[start...]) }
    return lines
  }

  private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
    var rest = line.drop(while: isSpace)
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return rest
  }
}
