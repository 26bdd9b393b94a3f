// SPDX-License-Identifier: MIT
public import GGUF

/// Turns text into the tokens of a model, and tokens into text.
///
/// The tokens are those of llama.cpp; see Docs/Tokenizers.md for what that means where the two could
/// differ.
public struct Tokenizer: Sendable {
  /// The tokens and their properties.
  public let vocabulary: Vocabulary
  /// The pre-tokenizer in use; `nil` for kinds that have none.
  public let preTokenizer: String?
  /// What was wrong with the metadata, but could be put right.
  public let warnings: [String]
  /// The model's template for conversations, in the language of its own; `nil` if there is none.
  public let chatTemplate: String?
  private let encoder: any TextEncoder
  private let cutter: SpecialTokenCutter
  private let isSpaced: Bool

  /// The names that `pre` may have.
  public static var preTokenizerNames: [String] { PreTokenizer.names }

  /// Makes the tokenizer of a model.
  ///
  /// `pre` overrides the pre-tokenizer that the file names. Throws `QuantError.content` if the
  /// metadata does not describe a tokenizer that is known.
  public init(_ source: any ModelSource, pre: String? = nil) throws(QuantError) {
    try OtherContent.check(source)
    try self.init(source.metadata, file: source.path, pre: pre)
  }

  /// Makes a tokenizer from metadata.
  ///
  /// - Parameters:
  ///   - metadata: The keys `tokenizer.ggml.…`.
  ///   - file: The name of the file, for errors.
  ///   - pre: The pre-tokenizer, if not the one that the metadata names.
  /// - Throws: `QuantError.content` if the metadata does not describe a tokenizer that is known.
  /// - Complexity: O(*n*) in the bytes of tokens and merges.
  public init(_ metadata: Metadata, file: String, pre: String? = nil) throws(QuantError) {
    let reader = TokenizerMetadata(metadata: metadata, file: file)
    let kind = try Self.kind(reader)
    let chosen = try Self.preTokenizer(reader, kind, pre)
    vocabulary = try Vocabulary(reader, kind: kind, pre: chosen?.rules)
    cutter = SpecialTokenCutter(vocabulary)
    preTokenizer = chosen?.name
    chatTemplate = metadata["tokenizer.chat_template"]?.text
    isSpaced = chosen?.rules.isSpaced ?? true
    warnings = vocabulary.warnings + (chosen?.warning.map { [$0] } ?? [])
    encoder =
      switch (kind, chosen?.rules) {
      case (.bytePair, let rules?), (.spacedBytePair, let rules?):
        try BytePairEncoder(vocabulary, rules, merges: Self.merges(reader, chosen?.name), reader)
      case (.wordPiece, _): try WordPieceEncoder(vocabulary, reader)
      case (.unigram, _): try UnigramEncoder(vocabulary, reader)
      default: SentencePieceEncoder(vocabulary)
      }
  }

  private static func kind(_ reader: TokenizerMetadata) throws(QuantError) -> TokenizerKind {
    let known = TokenizerKind.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = try reader.text("model") else {
      throw reader.error("model", expected: "one of \(known)", found: "no such key")
    }
    guard let kind = TokenizerKind(rawValue: name) else {
      throw reader.error("model", expected: "one of \(known)", found: "\"\(name)\"")
    }
    return kind
  }

  private struct ChosenPreTokenizer {
    let name: String
    let rules: PreTokenizer
    var warning: String?
  }

  private static func preTokenizer(
    _ reader: TokenizerMetadata, _ kind: TokenizerKind, _ asked: String?
  ) throws(QuantError) -> ChosenPreTokenizer? {
    guard kind == .bytePair || kind == .spacedBytePair else {
      guard asked == nil else {
        throw reader.error(
          "model", expected: "gpt2, as a pre-tokenizer was chosen", found: "\"\(kind.rawValue)\"")
      }
      return nil
    }
    let fallback = kind == .spacedBytePair ? "gemma4" : nil
    let stated = try reader.text("pre")
    let name = asked ?? fallback ?? stated ?? "default"
    guard let rules = PreTokenizer.named(name) else {
      let names = PreTokenizer.names.joined(separator: ", ")
      throw .setting(
        .preTokenizer,
        what: "\(reader.file): \(TokenizerMetadata.prefix)pre: expected one of \(names), found"
          + " \"\(name)\"")
    }
    let isGuessed = asked == nil && fallback == nil && stated == nil
    return ChosenPreTokenizer(
      name: name, rules: rules,
      warning: isGuessed
        ? "\(TokenizerMetadata.prefix)pre is missing: words are cut as by \"default\", which hardly"
          + " is what the model was made with; choose another" : nil)
  }

  /// The merges; only Kimi-K2's files may come without.
  private static func merges(
    _ reader: TokenizerMetadata, _ pre: String?
  ) throws(QuantError) -> StringTable {
    if let merges = try reader.strings("merges") { return merges }
    guard pre == "kimi-k2" else {
      throw reader.error("merges", expected: "the pairs to merge", found: "no such key")
    }
    return StringTable()
  }

  /// The tokens of a text.
  ///
  /// - Parameters:
  ///   - text: Bytes that ought to be UTF-8; what is not is read as llama.cpp reads it.
  ///   - addSpecial: Whether the tokens that the model wants at the ends of a text are added.
  ///   - parseSpecial: Whether texts of control tokens in `text` stand for these tokens. Without it
  ///     they are ordinary text; user-defined tokens are found always.
  /// - Returns: Numbers of tokens.
  /// - Complexity: O(*n* log *n*) in the bytes at most; memory is a small multiple of the text.
  public func encode(
    _ text: [UInt8], addSpecial: Bool = true, parseSpecial: Bool = false
  ) -> [Int32] {
    tokens(text, addSpecial: addSpecial, parseSpecial: parseSpecial, enough: .max).ids
  }

  /// The first tokens of a text that may be only the beginning of a longer one.
  ///
  /// - Parameters:
  ///   - count: How many tokens are wanted.
  ///   - text: As for `encode`.
  ///   - parseSpecial: As for `encode`.
  /// - Returns: At least so many tokens if the text has them, and how many bytes follow them, as the
  ///   encoder writes them: a space may be three. A longer text begins with the same tokens if enough
  ///   follow to tell where the last words end. Only where `isLocal`; else all tokens, and 0.
  package func firstTokens(
    _ count: Int, of text: [UInt8], parseSpecial: Bool = false
  ) -> (ids: [Int32], left: Int) {
    tokens(text, addSpecial: true, parseSpecial: parseSpecial, enough: isLocal ? count : .max)
  }

  /// Whether the tokens at the beginning of a text are the same whatever comes much later.
  package var isLocal: Bool { encoder.isLocal }

  private func tokens(
    _ text: [UInt8], addSpecial: Bool, parseSpecial: Bool, enough: Int
  ) -> (ids: [Int32], left: Int) {
    let isWordPiece = vocabulary.kind == .wordPiece
    var ids: [Int32] = []
    if addSpecial, vocabulary.addsBOS || isWordPiece, let bos { ids.append(bos) }
    let fragments = cutter.cut(text, parseSpecial: parseSpecial)
    let left = encoder.encode(fragments, of: text, into: &ids, enough: enough)
    guard ids.count < enough else { return (ids, left) }
    if addSpecial, let end = isWordPiece ? vocabulary.separator : vocabulary.addsEOS ? eos : nil {
      ids.append(end)
    }
    return (ids, left)
  }

  /// The tokens of a string.
  public func encode(
    _ text: String, addSpecial: Bool = true, parseSpecial: Bool = false
  ) -> [Int32] {
    encode(Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial)
  }

  /// The token that begins a text, if there is one.
  public var bos: Int32? { vocabulary.bos }

  /// The token that ends a text, if there is one.
  public var eos: Int32? { vocabulary.eos }

  /// The bytes that a token stands for, which need not be whole characters.
  ///
  /// - Precondition: The token is one of the vocabulary's.
  public func piece(of id: Int32) -> [UInt8] {
    let text = vocabulary.text(of: id)
    let attributes = vocabulary.attributes(of: id)
    if !attributes.isDisjoint(with: SpecialTokenCutter.special) { return Array(text) }
    if attributes.contains(.byte), let byte = ByteToken.byte(text) { return [byte] }
    guard !isSpaced else { return SpaceMark.unmarked(text) }
    var bytes: [UInt8] = []
    let whole = Array(text)
    return ByteAlphabet.decode(whole, whole.indices, into: &bytes) ? bytes : whole
  }
}
