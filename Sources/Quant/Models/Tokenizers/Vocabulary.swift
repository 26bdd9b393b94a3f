// SPDX-License-Identifier: MIT
import GGUF

/// The tokens of a model, and what its metadata says of their use.
public struct Vocabulary: Sendable {
  /// What kind of tokenizer the tokens are for.
  public let kind: TokenizerKind
  /// The texts of the tokens as they stand in the file; empty ones are called `[EMPTY_id]`.
  let texts: StringTable
  /// Scores of the tokens: logarithms of probabilities; empty if the file has none.
  let scores: [Float]
  /// Which token has a text.
  let index: ByteIndex
  private(set) var attributes: [TokenAttributes]
  /// The token that begins a text.
  public let bos: Int32?
  /// The token that ends a text.
  public let eos: Int32?
  /// The token for what has no other.
  public let unknown: Int32?
  /// The token between texts, and at the end for BERT.
  public let separator: Int32?
  /// Whether texts begin with `bos`.
  public let addsBOS: Bool
  /// Whether texts end with `eos`.
  public let addsEOS: Bool
  /// Whether text is given a space before it.
  let addsSpacePrefix: Bool
  /// What was wrong with the metadata, but could be put right.
  public let warnings: [String]

  /// How many tokens there are.
  public var count: Int { attributes.count }

  /// What the tokens are, each by its number.
  public func attributes(of id: Int32) -> TokenAttributes { attributes[Int(id)] }

  /// The text of a token as it stands in the file.
  public func text(of id: Int32) -> ArraySlice<UInt8> { texts[Int(id)] }

  /// The score of a token; zero if the file has no scores.
  func score(of id: Int32) -> Float { scores.isEmpty ? 0 : scores[Int(id)] }

  /// More bytes than all tokens of a vocabulary can have.
  private static let largest = 1 << 28

  init(
    _ reader: TokenizerMetadata, kind: TokenizerKind, pre: PreTokenizer?
  ) throws(QuantError) {
    self.kind = kind
    texts = try Self.texts(reader)
    index = try Self.index(texts, reader)
    scores = try Self.scores(reader, count: texts.count)
    attributes = try Self.attributes(reader, count: texts.count)
    let defaults = kind.defaults
    var ids = SpecialIDs(reader: reader, count: texts.count)
    bos = try ids.read("bos_token_id", default: defaults.bos)
    eos = try ids.read("eos_token_id", default: defaults.eos)
    unknown = try ids.read("unknown_token_id", default: defaults.unknown)
    separator = try ids.read("seperator_token_id", default: defaults.separator)
    warnings = ids.warnings
    let addsByDefault = defaults.addsBOS || pre?.addsBOS == true
    // llama.cpp overrides the key for Gemma 4, whose files were made with a wrong one.
    addsBOS = try reader.flag("add_bos_token") ?? addsByDefault || pre?.isGemma == true
    addsEOS = try reader.flag("add_eos_token") ?? defaults.addsEOS
    addsSpacePrefix = try reader.flag("add_space_prefix") ?? defaults.addsSpacePrefix
    try ids.require(addsBOS || kind == .wordPiece, bos, "bos_token_id", "add_bos_token")
    try ids.require(addsEOS, eos, "eos_token_id", "add_eos_token")
    try ids.require(kind == .wordPiece, separator, "seperator_token_id", "add_sep_token")
    SpecialTokenRules(index: index, texts: texts, reader: reader).apply(to: &attributes)
  }

  private static func texts(_ reader: TokenizerMetadata) throws(QuantError) -> StringTable {
    guard let strings = try reader.strings("tokens") else {
      throw reader.error("tokens", expected: "the texts of all tokens", found: "no such key")
    }
    guard strings.bytes.count <= largest else {
      throw reader.error(
        "tokens", expected: "at most \(largest) bytes", found: "\(strings.bytes.count)")
    }
    guard (0..<strings.count).contains(where: { strings.range($0).isEmpty }) else { return strings }
    var named = StringTable()
    for id in 0..<strings.count {
      named.append(strings[id].isEmpty ? ArraySlice("[EMPTY_\(id)]".utf8) : strings[id])
    }
    return named
  }

  private static func index(
    _ texts: StringTable, _ reader: TokenizerMetadata
  ) throws(QuantError) -> ByteIndex {
    var index = ByteIndex(capacity: texts.count)
    for id in 0..<texts.count {
      let known = index.insert(texts.bytes, texts.range(id), id: Int32(id))
      guard known == id else {
        let text = MetadataString(bytes: Array(texts[id])).text
        throw reader.error(
          "tokens", expected: "every text once", found: "\"\(text)\" as \(known) and as \(id)")
      }
    }
    return index
  }

  private static func scores(
    _ reader: TokenizerMetadata, count: Int
  ) throws(QuantError) -> [Float] {
    guard let array = try reader.array("scores", count: count) else { return [] }
    guard array.elementType == .float32 || array.elementType == .int32 else {
      throw reader.error("scores", expected: "numbers", found: "\(array.elementType)")
    }
    let scores = array.values().map { Float($0.number ?? 0) }
    if let place = scores.firstIndex(where: { !$0.isFinite }) {
      throw reader.error(
        "scores", expected: "finite numbers", found: "\(scores[place]) at \(place)")
    }
    return scores
  }

  private static func attributes(
    _ reader: TokenizerMetadata, count: Int
  ) throws(QuantError) -> [TokenAttributes] {
    guard let array = try reader.array("token_type", count: count) else {
      return Array(repeating: .normal, count: count)
    }
    guard array.elementType == .int32 || array.elementType == .uint32 else {
      throw reader.error("token_type", expected: "integers", found: "\(array.elementType)")
    }
    return array.values().map { TokenAttributes(type: $0.integer ?? 0) }
  }
}

/// Reads the numbers of special tokens.
private struct SpecialIDs {
  let reader: TokenizerMetadata
  let count: Int
  var warnings: [String] = []

  /// A token's number: the file's, or where that is none of a token's, the default as in llama.cpp.
  mutating func read(_ key: String, default fallback: Int32?) throws(QuantError) -> Int32? {
    let usable = fallback.flatMap { Int($0) < count ? $0 : nil }
    guard let found = try reader.integer(key) else { return usable }
    if let id = Int32(exactly: found), (0..<count).contains(found) { return id }
    let instead = usable.map { "token \($0) is used instead" } ?? "it is ignored"
    warnings.append(
      "\(TokenizerMetadata.prefix)\(key) is \(found), but there are \(count) tokens; \(instead)")
    return usable
  }

  /// Throws if a token is wanted that there is not.
  func require(_ isWanted: Bool, _ id: Int32?, _ key: String, _ flag: String) throws(QuantError) {
    guard isWanted, id == nil else { return }
    throw reader.error(
      key, expected: "the number of a token, as \(flag) holds", found: "none below \(count)")
  }
}
