// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A corpus that papers measure with, known by name.
public enum NamedCorpus: String, Sendable, CaseIterable {
  /// The test part of WikiText-2, raw.
  case wikitext2
  /// The test part of the Penn Treebank, as prepared by Mikolov.
  case ptb
  /// Shard 0 of the validation part of C4 (English), or a sample of it.
  case c4

  /// The variable of the environment that says in which folder the corpora lie.
  public static let variable = "GGUF_TOOL_CORPORA"

  /// The file names that are looked for, in this order, each also with `.zst` and `.gz` after it.
  public var fileNames: [String] {
    switch self {
    case .wikitext2: ["wikitext2.test.raw", "wiki.test.raw", "wikitext-2-raw/wiki.test.raw"]
    case .ptb: ["ptb.test.txt", "simple-examples/data/ptb.test.txt"]
    case .c4:
      [
        "c4-validation.00000-of-00008.json", "en/c4-validation.00000-of-00008.json",
        "c4-sample.jsonl", "c4-sample.json",
      ]
    }
  }

  /// Where the file is published.
  public var source: String {
    switch self {
    case .wikitext2:
      "wiki.test.raw in wikitext-2-raw-v1.zip, https://huggingface.co/datasets/ggml-org/ci"
    case .ptb:
      "data/ptb.test.txt in simple-examples.tgz, http://www.fit.vutbr.cz/~imikolov/rnnlm (not free)"
    case .c4:
      "en/c4-validation.00000-of-00008.json.gz, https://huggingface.co/datasets/allenai/c4"
    }
  }

  /// The path of the corpus.
  ///
  /// - Parameter folder: Where to look; by default where the environment says.
  /// - Returns: The first of the files that is there.
  /// - Throws: `QuantError.content`, saying which file to get and where to put it, if there is none.
  public func path(in folder: String?) throws(QuantError) -> String {
    guard let folder = folder ?? Self.folderOfEnvironment else {
      throw missing("no corpus folder given: name one, or set \(Self.variable)")
    }
    for name in fileNames {
      for suffix in ["", ".zst", ".gz"] {
        let path = "\(folder)/\(name)\(suffix)"
        if Disk.exists(path) { return path }
      }
    }
    throw missing("it is not in \(folder)")
  }

  private static var folderOfEnvironment: String? {
    let folder = unsafe getenv(variable).map { unsafe String(cString: $0) }
    return folder?.isEmpty == true ? nil : folder
  }

  private func missing(_ what: String) -> QuantError {
    let names = fileNames.joined(separator: ", ")
    return .content(
      file: "corpus \(rawValue)", line: 0,
      what: "\(what). Put one of \(names) there, also as .zst or .gz; available as \(source)")
  }
}
