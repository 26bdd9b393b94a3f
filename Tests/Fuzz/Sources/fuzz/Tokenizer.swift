// SPDX-License-Identifier: MIT
import GGUF
import Quant

extension Target {
  /// Tokenizers: the keys of a GGUF file, and a text cut into tokens and put together again.
  static let tokenizer = Target(name: "tokenizer") { bytes in
    file.fill(bytes)
    guard let model = try? GGUFFile.open(file.path, requiring: .headerOnly),
      let tokenizer = try? Tokenizer(model)
    else { return }
    // The text of one key, so that texts are mutated as well.
    let text = [fixedText, model.metadata["general.description"]?.text ?? ""]
    for text in text.map({ $0.prefix(1000) }) {
      for parseSpecial in [false, true] {
        let tokens = tokenizer.encode(Array(text.utf8), parseSpecial: parseSpecial)
        precondition(tokens.count <= 2 * text.utf8.count + 8, "more tokens than text")
        for token in tokens { _ = tokenizer.piece(of: token) }
      }
    }
    _ = (tokenizer.warnings, tokenizer.bos, tokenizer.eos, tokenizer.preTokenizer)
  }
}

private let file = InputFile("vocabulary.gguf")
private let fixedText = "Hello  world, it's 12345!\n\t<s>Grüße</s> 世界 ▁a b🌍\0\u{301}"
