// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Corpora of other fields and of conversations") struct ChatCorpusTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let chat = """
    {"id": 1, "messages": [{"role": "system", "content": "Be brief."},
      {"role": "user", "content": " Who? "}, {"content": "Me.", "x": [1], "role": "assistant"}]}
    """

  private func corpus(_ text: String, field: String = "text") throws -> Corpus {
    var corpus = try Corpus(paths: [folder.write(Array(text.utf8), "a.jsonl")])
    corpus.reading = CorpusReading(field: field)
    return corpus
  }

  /// A tokenizer of bytes and of two control tokens, with a chat template.
  private func tokenizer(_ template: String?) throws -> Tokenizer {
    var metadata = TinyLlama(moreTokens: 2).file().metadata
    metadata["tokenizer.chat_template"] = template.map { .string(MetadataString($0)) }
    return try Tokenizer(metadata, file: "tiny.gguf")
  }

  @Test func `another field is read`() throws {
    let text = "{\"text\": \"no\", \"body\": \"yes\"}\n{\"body\": \"more\"}"
    let found = try CorpusTesting.documents(corpus(text, field: "body"))
    #expect(found.map { String(decoding: $0, as: UTF8.self) } == ["yes", "more"])
    let error = #expect(throws: QuantError.self) {
      try CorpusTesting.documents(corpus(text, field: "none"))
    }
    #expect(error?.description.contains("line 1: this object has no \"none\"") == true)
  }

  static let templates: [(marks: String, text: String)] = [
    (
      "<|im_start|>x<|im_end|>",
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n Who? <|im_end|>\n"
        + "<|im_start|>assistant\nMe.<|im_end|>\n"
    ),
    (
      "<|start_header_id|><|eot_id|>",
      "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        + "<|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nMe.<|eot_id|>"
    ),
    (
      "<start_of_turn>model<end_of_turn>",
      "<start_of_turn>user\nBe brief.\n\nWho?<end_of_turn>\n<start_of_turn>model\nMe.<end_of_turn>\n"
    ),
  ]

  @Test(arguments: templates.indices)
  func `messages go through the model's template`(_ index: Int) throws {
    let (marks, text) = Self.templates[index]
    let tokenizer = try tokenizer("{% for m in messages %}\(marks){% endfor %}")
    let ids = try corpus(Self.chat).tokens(first: 10_000, tokenizer, .llama)
    let plain = text.hasSuffix("\n") ? String(text.dropLast()) : text
    #expect(ids == tokenizer.encode(plain, parseSpecial: true))
  }

  @Test func `a template that is not known, or none, is an error`() throws {
    for template in [nil, "{{ messages }}"] {
      let tokenizer = try tokenizer(template)
      let error = #expect(throws: QuantError.self) {
        try corpus(Self.chat).tokens(first: 100, tokenizer, .llama)
      }
      #expect(error?.description.contains("expected a model whose chat template") == true)
    }
    let tokenizer = try tokenizer("<|im_start|><|im_end|>")
    for (chat, words) in [
      ("{\"messages\": [{\"role\": \"narrator\", \"content\": \"a\"}]}", "no role"),
      ("{\"messages\": [{\"role\": \"user\", \"content\": [1]}]}", "\"role\" and \"content\""),
      ("{\"messages\": [7]}", "a message with"),
    ] {
      let error = #expect(throws: QuantError.self) {
        try corpus(chat).tokens(first: 100, tokenizer, .llama)
      }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
  }

  @Test func `messages beside a text or another list are passed over`() throws {
    let tokenizer = try tokenizer("<|im_start|><|im_end|>")
    for messages in [
      "{\"role\": \"user\", \"content\": null}, 7", "{\"role\": \"user\", \"content\": \"b\"}",
    ] {
      let text = "{\"text\": \"a</s>\", \"messages\": [\(messages)]}"
      let ids = try corpus(text).tokens(first: 100, tokenizer, .llama)
      #expect(ids == tokenizer.encode("a</s>", parseSpecial: false) && !ids.contains(2))
      let chat =
        "{\"chat\": [{\"role\": \"user\", \"content\": \"a\"}], \"messages\": [\(messages)]}"
      let chosen = try corpus(chat, field: "chat").tokens(first: 100, tokenizer, .llama)
      #expect(chosen == tokenizer.encode("<|im_start|>user\na<|im_end|>", parseSpecial: true))
    }
  }

  @Test func `control tokens are parsed where that is asked for`() throws {
    let tokenizer = try tokenizer(nil)
    var corpus = try Corpus(paths: [folder.write(Array("a</s>b".utf8), "a.txt")])
    let plain = try corpus.tokens(first: 100, tokenizer, .llama)
    corpus.reading.parsesSpecial = true
    let parsed = try corpus.tokens(first: 100, tokenizer, .llama)
    #expect(!plain.contains(2) && parsed.contains(2))
  }

  @Test func `a pipe is read once and kept`() throws {
    let path = folder.path("pipe")
    #expect(mkfifo(path, 0o600) == 0)
    let bytes = Array(String(repeating: "Some words. ", count: 50_000).utf8)
    let writer = Thread {
      guard let file = FileHandle(forWritingAtPath: path) else { return }
      try? file.write(contentsOf: Data(bytes))
      try? file.close()
    }
    writer.start()
    let corpus = try Corpus(paths: [path])
    for _ in 0..<2 { #expect(try corpus.text(for: .llama) == bytes) }
  }
}
