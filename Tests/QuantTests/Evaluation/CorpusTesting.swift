// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport

/// Texts, and files that hold them.
enum CorpusTesting {
  /// A text of many kinds of characters, larger than the buffers that files go through.
  static func text(seed: UInt64, pieces: Int) -> String {
    var random = SeededGenerator(seed: seed)
    let words = [
      "word ", "é", "\n", "\"quoted\"", "back\\slash", "\t", "漢字", "😀👩‍👩‍👧", "\u{7F}", "\u{2028}",
      "</s>", "\r\n",
      "\u{1}", " ", "longer words to make it longer ", "\u{FFFF}", "\u{10FFFF}",
    ]
    return (0..<pieces).map { _ in words[Int.random(in: words.indices, using: &random)] }.joined()
  }

  /// An object with the text and other members around it, on one line.
  static func object(_ text: String, escaped: Bool = false) throws -> String {
    let object: [String: Any] = [
      "text": text, "a": [1, -2.5e-3, NSNull(), ["text": "not this"]], "url": "https://x/\u{1}",
      "z": ["deep": [[[true, false]]]],
    ]
    let data = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
    let line = String(decoding: data, as: UTF8.self)
    guard escaped else { return line }
    return line.unicodeScalars.map { scalar in
      scalar.isASCII
        ? String(scalar)
        : String(scalar).utf16.map { "\\u" + String(format: "%04x", Int($0)) }.joined()
    }.joined()
  }

  /// All documents of a corpus.
  static func documents(_ corpus: Corpus) throws -> [[UInt8]] {
    var documents: [[UInt8]] = []
    try corpus.documents { document throws(QuantError) in
      documents.append(document)
      return true
    }
    return documents
  }
}
