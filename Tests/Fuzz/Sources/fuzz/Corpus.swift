// SPDX-License-Identifier: MIT
import Quant

extension Target {
  /// Corpora: plain text, JSON, gzip and zstd. The first byte chooses the file's name.
  static let corpus = Target(name: "corpus") { bytes in
    guard let choice = bytes.first else { return }
    let file = files[Int(choice) % files.count]
    file.fill(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
    guard let corpus = try? Corpus(paths: [file.path]) else { return }
    for rules in EvaluationProtocol.allCases {
      guard let text = try? corpus.text(for: rules, byteLimit: 1 << 16) else { continue }
      precondition(!text.isEmpty && text.count <= 1 << 16, "a text within the limit")
    }
    try? corpus.documents { _ in true }
  }
}

private let files = [
  "a.txt", "a.raw", "a.json", "a.jsonl", "a.zst", "a.gz", "a.json.zst", "a.jsonl.gz",
].map(InputFile.init)
