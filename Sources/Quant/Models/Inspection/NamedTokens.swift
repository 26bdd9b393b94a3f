// SPDX-License-Identifier: MIT
public import GGUF

/// The texts of the tokens that keys give by number, such as `tokenizer.ggml.eos_token_id`.
public struct NamedTokens: Sendable {
  private let texts: StringTable?

  /// Takes the vocabulary, if there is a key that needs it.
  ///
  /// - Complexity: O(*n*) in the bytes of the vocabulary.
  public init(_ metadata: Metadata) {
    let isNeeded = metadata.keys.contains(where: Self.areGiven)
    texts = isNeeded ? metadata["tokenizer.ggml.tokens"]?.elements?.stringTable : nil
  }

  /// Whether the value of a key is the number of a token, or a list of such numbers.
  public static func areGiven(by key: String) -> Bool {
    key.hasSuffix("_token_id") || key.hasSuffix("_token_ids")
      || (key.hasPrefix("tokenizer.ggml.") && key.hasSuffix("_tokens"))
  }

  /// The text of a token as it stands in the vocabulary; `nil` for a value that is no token's number.
  public func text(of token: MetadataValue) -> String? {
    guard let texts, let number = token.integer, (0..<texts.count).contains(number) else {
      return nil
    }
    return MetadataString(bytes: Array(texts[number])).text
  }
}
