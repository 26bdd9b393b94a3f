// SPDX-License-Identifier: MIT

/// The kinds of tokenizers, by what `tokenizer.ggml.model` calls them.
public enum TokenizerKind: String, Sendable, CaseIterable {
  /// SentencePiece with scores (SPM): Llama 2, Mixtral, Phi-3.
  case sentencePiece = "llama"
  /// Byte pairs with ranked merges (BPE) after a pre-tokenizer: GPT-2, Llama 3, Qwen, DeepSeek.
  case bytePair = "gpt2"
  /// Byte pairs over text whose spaces are written `▁`: Gemma 4.
  case spacedBytePair = "gemma4"
  /// The longest piece first (WPM): BERT.
  case wordPiece = "bert"
  /// The most probable pieces (UGM): T5.
  case unigram = "t5"

  /// What holds where the metadata does not say otherwise.
  struct Defaults {
    var bos: Int32?
    var eos: Int32?
    var unknown: Int32?
    var separator: Int32?
    var addsBOS = false
    var addsEOS = false
    var addsSpacePrefix = false
  }

  /// llama.cpp's defaults (`llama_vocab::impl::load`).
  var defaults: Defaults {
    switch self {
    case .sentencePiece:
      Defaults(bos: 1, eos: 2, unknown: 0, addsBOS: true, addsSpacePrefix: true)
    case .bytePair: Defaults(bos: 11, eos: 11)
    case .spacedBytePair: Defaults(addsBOS: true)
    case .wordPiece: Defaults(bos: 101, unknown: 100, separator: 102, addsBOS: true)
    case .unigram: Defaults(eos: 1, unknown: 2, addsEOS: true)
    }
  }
}
