// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelValidation {
  /// The vocabulary: a row of the embedding, a score and a kind for each token.
  func vocabularyFindings() -> [InspectionWarning] {
    guard let value = source.metadata["tokenizer.ggml.tokens"] else { return [] }
    guard let tokens = value.elements, tokens.elementType == .string else {
      return [
        .error(
          .vocabulary, key: "tokenizer.ggml.tokens", expected: "an array of strings",
          found: Self.described(value))
      ]
    }
    return [
      longTokens(tokens), rows(tokens.count),
      perToken("scores", tokens.count, [.float32, .int32], "numbers"),
      perToken("token_type", tokens.count, [.int32, .uint32], "integers"), scores(),
    ].compactMap { $0 } + tokenIDs(tokens.count)
  }

  /// Keys that name tokens, as `tokenizer.ggml.bos_token_id`. All bits set mean that there is none.
  private func tokenIDs(_ count: Int) -> [InspectionWarning] {
    source.metadata.entries.compactMap { entry in
      guard entry.key.hasPrefix("tokenizer.ggml."), entry.key.hasSuffix("_token_id"),
        let token = entry.value.integer, token != -1, token != UInt32.max,
        !(0..<count).contains(token)
      else { return nil }
      return .error(
        .vocabulary, key: entry.key, expected: "a token from 0 to \(count - 1)", found: "\(token)")
    }
  }

  /// An array says more about itself than its length.
  private static func described(_ value: MetadataValue) -> String {
    value.elements.map { "\($0.count) values of type \($0.elementType)" }
      ?? "a value of type \(value.type)"
  }

  /// Programs count the bytes of a token with 32 bits.
  private func longTokens(_ tokens: MetadataArray) -> InspectionWarning? {
    guard tokens.byteCount > Int(Int32.max), let table = tokens.stringTable,
      let long = (0..<table.count).first(where: { table.range($0).count > Int(Int32.max) })
    else { return nil }
    return .error(
      .vocabulary, key: "tokenizer.ggml.tokens", expected: "tokens of less than 2^31 bytes",
      found: "\(table.range(long).count) in token \(long)")
  }

  private func rows(_ tokens: Int) -> InspectionWarning? {
    guard let embedding = try? source.tensor("token_embd.weight"), embedding.dimensions.count == 2,
      embedding.dimensions[1] != tokens
    else { return nil }
    return .error(
      .vocabulary, key: "tokenizer.ggml.tokens",
      expected: "\(embedding.dimensions[1]) tokens, as token_embd.weight has rows",
      found: "\(tokens)")
  }

  private func perToken(
    _ name: String, _ count: Int, _ types: [MetadataType], _ words: String
  ) -> InspectionWarning? {
    let key = "tokenizer.ggml.\(name)"
    guard let value = source.metadata[key] else { return nil }
    guard let array = value.elements, array.count == count, types.contains(array.elementType) else {
      return .error(
        .vocabulary, key: key, expected: "\(count) \(words), one for each token",
        found: Self.described(value))
    }
    return nil
  }

  private func scores() -> InspectionWarning? {
    let key = "tokenizer.ggml.scores"
    guard let value = source.metadata[key], value.elements?.elementType == .float32,
      let bad = Self.notFinite(value)
    else { return nil }
    return .error(.vocabulary, key: key, expected: "finite numbers", found: bad)
  }
}
