// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// Texts to evaluate with: files of plain text or of JSON, and how they are put together.
///
/// A file whose name ends in `.json`, `.jsonl` or `.ndjson` holds objects whose `text` is a document:
/// one object, several after each other (usually one a line), or an array. Any other file is one
/// document. `-` is standard input, which holds JSON if it begins as such objects do. Each may be compressed by gzip or zstd, with or without a name that says so.
public struct Corpus: Sendable, Equatable {
  /// The most bytes of a document.
  ///
  /// Documents are held in memory one at a time; something far larger is not one.
  public static let documentByteLimit = 1 << 28

  /// What to call it in a result.
  public let name: String
  /// The files, in order.
  public let files: [String]
  /// Which of the known corpora it is, if any: protocols join those in ways of their own.
  public let known: NamedCorpus?
  /// How the files are read.
  public var reading = CorpusReading()

  /// The corpus in one or more files or folders; a folder stands for its files, sorted by name.
  ///
  /// - Precondition: There is at least one path.
  public init(paths: [String]) throws(QuantError) {
    precondition(!paths.isEmpty)
    var files: [String] = []
    for path in paths {
      if CorpusFolder.isFolder(path) {
        files += try CorpusFolder.files(in: path)
      } else {
        files.append(path)
      }
    }
    let names = paths.map {
      $0 == StreamInput.standardInput ? "standard input" : FileName.base(of: $0)
    }
    name = names.count > 1 ? "\(names[0]) + \(names.count - 1)" : names[0]
    self.files = files
    known = nil
  }

  /// A known corpus.
  ///
  /// - Parameters:
  ///   - corpus: Which one.
  ///   - folder: Where it lies; by default in the folder that the environment names.
  /// - Throws: `QuantError.content` if it is not there, saying which file to get.
  public init(_ corpus: NamedCorpus, in folder: String? = nil) throws(QuantError) {
    name = corpus.rawValue
    files = [try corpus.path(in: folder)]
    known = corpus
  }

  /// What an argument means: the name of a known corpus, or the path of a file or folder.
  ///
  /// - Parameters:
  ///   - argument: A name or a path; `./ptb` is always a path.
  ///   - folder: Where known corpora lie.
  /// - Returns: The corpus; a path is not looked at, but for whether it is a folder.
  /// - Throws: `QuantError.content` if a known corpus, or any file in a folder, is not there.
  public static func named(_ argument: String, in folder: String? = nil) throws(QuantError)
    -> Corpus
  {
    guard let known = NamedCorpus(rawValue: argument) else { return try Corpus(paths: [argument]) }
    return try Corpus(known, in: folder)
  }

  /// Hands over the documents one by one until there are no more or `body` returns false.
  ///
  /// - Parameter body: Takes the UTF-8 bytes of a document.
  /// - Throws: `QuantError.content` or `.file` for files that cannot be read, and what `body` throws.
  /// - Complexity: O(*n*) in bytes; memory for one document and two chunks of a file.
  public func documents(
    _ body: (consuming [UInt8]) throws(QuantError) -> Bool
  ) throws(QuantError) {
    _ = try forEachDocument(byteLimit: .max, template: nil) { (document, _) throws(QuantError) in
      try body(document)
    }
  }

  /// As `documents`, also saying which documents come from JSON.
  ///
  /// - Parameters:
  ///   - byteLimit: Plain text beyond so many bytes may be left out.
  ///   - template: How messages become a text.
  ///   - body: Takes a document.
  /// - Returns: Whether any document was made of messages.
  /// - Throws: As `documents`.
  func forEachDocument(
    byteLimit: Int, template: ChatTemplate?,
    _ body: (consuming [UInt8], _ isJSON: Bool) throws(QuantError) -> Bool
  ) throws(QuantError) -> Bool {
    var hasChats = false
    for path in files {
      let bytes = try PlainBytes(path: path)
      let beginning = try bytes.beginning()
      try TextCheck.check(beginning: beginning, path: path)
      guard FileName.isJSON(path) || Self.isJSONStream(path, beginning) else {
        guard try body(Self.wholeText(bytes, byteLimit), false) else { return hasChats }
        continue
      }
      var documents = try JSONDocuments(
        bytes, field: reading.field, template: template, limit: Self.documentByteLimit)
      while let document = try documents.next() {
        hasChats = hasChats || documents.hasChats
        guard try body(document, true) else { return hasChats }
      }
    }
    return hasChats
  }

  /// Whether a pipe, whose name says nothing, holds JSON objects.
  private static func isJSONStream(_ path: String, _ beginning: [UInt8]) -> Bool {
    guard StreamInput.isStream(path) else { return false }
    let start = beginning.filter { $0 > 0x20 }.prefix(2)
    return start.elementsEqual("{\"".utf8) || start.elementsEqual("[{".utf8)
  }

  private static func wholeText(_ bytes: PlainBytes, _ limit: Int) throws(QuantError) -> [UInt8] {
    var text: [UInt8] = []
    var chunk: [UInt8] = []
    while text.count < limit, try bytes.next(into: &chunk) {
      try TextCheck.check(chunk, path: bytes.path)
      text.append(contentsOf: chunk)
      guard text.count <= documentByteLimit else {
        throw .content(
          file: bytes.path, line: 0, what: "a text of more than \(documentByteLimit) bytes")
      }
    }
    return text
  }
}

extension Corpus {
  /// The whole text as a protocol has it, ready for a tokenizer.
  ///
  /// Documents of JSON have a line end between them, files of plain text an empty line. For `full`, the
  /// known corpora follow the papers: the rows of WikiText-2 with `"\n\n"` between them, the sentences
  /// of the Penn Treebank with a space, and so the first 1,100 documents of C4. For `llama`, one line end
  /// at the very end is dropped, as the reference does when it reads a file.
  ///
  /// - Parameters:
  ///   - rules: The protocol.
  ///   - byteLimit: Enough: later text is left out, and reading ends early.
  /// - Returns: The bytes, at least one: UTF-8 if the files are.
  /// - Throws: As `documents`, and `QuantError.content` for a corpus without text.
  /// - Complexity: O(*n*) in bytes.
  public func text(
    for rules: EvaluationProtocol, byteLimit: Int = .max
  ) throws(QuantError) -> [UInt8] {
    let text = try beginning(for: rules, byteLimit: byteLimit).text
    guard !text.isEmpty else { throw withoutText }
    return text
  }

  /// The text, or so much of it, perhaps without a byte.
  ///
  /// - Returns: The bytes, whether any are made of messages, and whether nothing was left out; if there are as many as the limit, that
  ///   is not known, and it says that something was.
  func beginning(
    for rules: EvaluationProtocol, byteLimit: Int, template: ChatTemplate? = nil
  ) throws(QuantError) -> (text: [UInt8], isWhole: Bool, hasChats: Bool) {
    let joining = CorpusJoining(known, rules)
    var (text, isWhole): ([UInt8], Bool) = ([], true)
    var count = 0
    let hasChats = try forEachDocument(byteLimit: byteLimit, template: template) {
      (document, isJSON) throws(QuantError) in
      isWhole = isJSON || document.count < byteLimit
      if count > 0 { text += joining.separator(isJSON: isJSON) }
      text += joining.prepared(document)
      count += 1
      isWhole = isWhole && text.count < byteLimit
      return isWhole && count < joining.documentLimit
    }
    Self.cut(&text, to: byteLimit)
    if rules == .llama && text.last == UInt8(ascii: "\n") { text.removeLast() }
    return (text, isWhole, hasChats)
  }

  /// The error of a corpus that has nothing to evaluate.
  var withoutText: QuantError {
    .content(file: name, line: 0, what: "there is no text in it")
  }

  /// The most windows that a protocol evaluates of this corpus, if it says so: the papers take the
  /// first 256 of C4.
  public func windowLimit(for rules: EvaluationProtocol) -> Int? {
    known == .c4 && rules == .full ? 256 : nil
  }

  /// Leaves out what goes beyond a limit, and a character that would be cut apart; of what is not
  /// UTF-8, no more than that either.
  private static func cut(_ text: inout [UInt8], to limit: Int) {
    guard text.count > limit, limit >= 0 else { return }
    let end = (max(0, limit - 3)...limit).last { text[$0] & 0xC0 != 0x80 } ?? limit
    text.removeLast(text.count - end)
  }
}
