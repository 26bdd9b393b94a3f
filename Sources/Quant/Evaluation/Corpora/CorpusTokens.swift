// SPDX-License-Identifier: MIT
public import QuantModels

extension Corpus {
  /// The first tokens of a corpus, or all.
  ///
  /// Of a text that is longer than needed only the beginning is read, unless the tokenizer must know the
  /// end first (`Tokenizer.isLocal`): a few windows of a large corpus take neither its time nor its memory.
  /// What is not read is not checked either, but for the beginning of each file.
  ///
  /// - Parameters:
  ///   - count: How many tokens are wanted; there are more where that is simpler.
  ///   - tokenizer: The model's tokenizer.
  ///   - rules: How the documents become one text.
  ///   - decided: Tokens with so many bytes after them are taken for those of a longer text. Words end
  ///     where the next few characters say so; only runs of digits, of white space, and of capitals may
  ///     be looked through to their ends, and none is longer than this.
  /// - Returns: At least so many tokens if there are, the same that the whole text begins with.
  /// - Throws: As `text`; a file that cannot be opened is an error even if it is not needed.
  package func tokens(
    first count: Int, _ tokenizer: Tokenizer, _ rules: EvaluationProtocol, decided: Int = 1 << 20
  ) throws(QuantError) -> [Int32] {
    for path in files where !StreamInput.isStream(path) { _ = try PlainBytes(path: path) }
    var limit = tokenizer.isLocal ? Self.firstGuess(tokens: count) + 2 * decided : .max
    let template = tokenizer.chatTemplate.flatMap { ChatTemplate(template: $0) }
    while true {
      let (text, isWhole, hasChats) = try beginning(
        for: rules, byteLimit: limit, template: template)
      // Templates write control tokens.
      let (ids, left) = tokenizer.firstTokens(
        count, of: text, parseSpecial: reading.parsesSpecial || hasChats)
      if isWhole || (ids.count >= count && left >= decided) {
        guard !text.isEmpty else { throw withoutText }
        return ids
      }
      limit = limit.multipliedReportingOverflow(by: 4).overflow ? .max : limit * 4
    }
  }

  /// Bytes that are likely to hold so many tokens.
  private static func firstGuess(tokens count: Int) -> Int {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 6)
    return overflow ? .max / 2 : min(bytes, .max / 2)
  }
}

extension EvaluationWindows {
  /// The windows of a corpus for a model.
  ///
  /// - Parameters:
  ///   - corpus: The corpus, of which no more is read than `limit` asks for.
  ///   - tokenizer: The model's tokenizer.
  ///   - rules: The protocol.
  ///   - length: Tokens in a window; by default the protocol's.
  ///   - limit: The most windows; by default what the protocol says of the corpus, or all.
  /// - Throws: `QuantError` for texts that cannot be read, and as `init(tokens:…)`.
  public init(
    of corpus: Corpus, _ tokenizer: Tokenizer, _ rules: EvaluationProtocol, length: Int? = nil,
    limit: Int? = nil
  ) throws(QuantError) {
    let limit = limit ?? corpus.windowLimit(for: rules)
    // Two windows at least: a text must have as many, whatever the limit.
    let (needed, overflow) = max(limit ?? .max, 2)
      .multipliedReportingOverflow(by: max(length ?? rules.defaultWindow, 1))
    let tokens = try corpus.tokens(first: overflow ? .max : needed, tokenizer, rules)
    try self.init(
      tokens: tokens, rules: rules, length: length, limit: limit,
      bos: tokenizer.vocabulary.addsBOS ? tokenizer.bos : nil)
  }
}
