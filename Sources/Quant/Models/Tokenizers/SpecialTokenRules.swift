// SPDX-License-Identifier: MIT
import GGUF

/// Tokens whose attributes do not follow from `tokenizer.ggml.token_type`.
///
/// Many files hold tokens that end a text as ordinary or user-defined ones. llama.cpp goes by their
/// texts, and so must whoever wants the same tokens: a user-defined token is found in any text, a
/// control token is not.
struct SpecialTokenRules {
  let index: ByteIndex
  let texts: StringTable
  let reader: TokenizerMetadata

  /// Texts of tokens that end a text or a turn: always control tokens.
  private static let ends = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
    "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
    "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    "<｜end▁of▁sentence｜>", "[e~[",
  ]

  /// Texts of tokens for filling in the middle: control tokens, unless a key names another.
  private static let middles: [(keys: [String], texts: [String])] = [
    (
      ["fim_pre_token_id", "prefix_token_id"],
      [
        "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>",
        "<|code_prefix|>", "<|prefix|>",
      ]
    ),
    (
      ["fim_suf_token_id", "suffix_token_id"],
      [
        "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>",
        "<|code_suffix|>", "<|suffix|>",
      ]
    ),
    (
      ["fim_mid_token_id", "middle_token_id"],
      [
        "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>",
        "<|code_middle|>", "<|middle|>",
      ]
    ),
    (["fim_pad_token_id"], ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
    (
      ["fim_rep_token_id"],
      ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]
    ),
    (["fim_sep_token_id"], ["<|file_sep|>"]),
  ]

  /// Parts of gpt-oss's messages, found in any text.
  private static let messageParts = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"]

  /// Changes the attributes that the rules are about.
  func apply(to attributes: inout [TokenAttributes]) {
    for (keys, texts) in Self.middles where keys.allSatisfy({ reader.value($0) == nil }) {
      if let id = texts.lazy.compactMap(id).first { attributes[id].insert(.control) }
    }
    for id in Self.ends.compactMap(id) { attributes[id].insert(.control) }
    for id in Self.messageParts.compactMap(id) { attributes[id] = .userDefined }
    applyExceptions(to: &attributes)
    applyStripping(to: &attributes)
  }

  /// Tokens that end a text by their name, but not in these vocabularies.
  private func applyExceptions(to attributes: inout [TokenAttributes]) {
    let endsCalls =
      has("<|return|>") && (has("<|call|>") || has("<|calls|>"))
      || (has("<|call|>") || has("<|calls|>")) && has("<|flush|>")
    if endsCalls, let end = id("<|end|>") { attributes[end] = .userDefined }
    if has("<|tool_response>"), let end = id("</s>") { attributes[end] = .normal }
  }

  /// White space that belongs to special tokens, which no key tells.
  private func applyStripping(to attributes: inout [TokenAttributes]) {
    let name = reader.metadata["general.name"]?.text?.lowercased() ?? ""
    let pre = reader.value("pre")?.text ?? ""
    let isJina = ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains { pre.contains($0) }
    let architecture = reader.metadata.architecture ?? ""
    let isMasked = ["nomic-bert-moe", "jina-bert-v3"].contains { architecture.contains($0) }
    if isJina || isMasked {
      if let mask = id("<mask>") { attributes[mask].insert(.stripsLeft) }
    } else if name.contains("phi-3") || name.contains("phi3") {
      stripRight(&attributes)
    } else if name.contains("modern-bert"), let mask = id("[MASK]") {
      attributes[mask].insert(.stripsLeft)
    }
  }

  private func stripRight(_ attributes: inout [TokenAttributes]) {
    let kept = Set(["<unk>", "<s>", "<|endoftext|>"].compactMap(id))
    for place in attributes.indices
    where !kept.contains(place) && !attributes[place].isDisjoint(with: SpecialTokenCutter.special) {
      attributes[place].insert(.stripsRight)
    }
    if let end = id("</s>") { attributes[end].insert(.stripsRight) }
  }

  private func id(_ text: String) -> Int? {
    let id = index.find(text)
    return id == ByteIndex.none ? nil : Int(id)
  }

  private func has(_ text: String) -> Bool { id(text) != nil }
}
