// SPDX-License-Identifier: MIT

/// llama.cpp's short options, which have one hyphen and several letters.
enum LlamaOptions {
  /// The long options that mean the same; a command has one of them or none.
  private static let long: [String: [String]] = [
    "-b": ["--batch-size"], "-c": ["--ctx-size"], "-cmoe": ["--cpu-moe"],
    "-ctk": ["--cache-type-k"], "-ctv": ["--cache-type-v"], "-ctxcp": ["--ctx-checkpoints"],
    "-f": ["--file"], "-fa": ["--flash-attn"], "-kvu": ["--kv-unified"],
    "-md": ["--model-draft"], "-mm": ["--mmproj"], "-ncmoe": ["--n-cpu-moe"],
    "-ngl": ["--gpu-layers"], "-nkvo": ["--no-kv-offload"], "-np": ["--parallel"],
    "-ot": ["--override-tensor"], "-t": ["--threads"], "-ts": ["--tensor-split"],
    "-ub": ["--ubatch-size"],
  ]

  /// What the command calls an option; `nil` if it has none of the name.
  static func name(_ word: String, in options: KnownOptions) -> String? {
    if options[word] != nil { return word }
    return long[word]?.first { options[$0] != nil }
  }

  /// The argument without a name that llama.cpp has an option for; `nil` for any other option.
  ///
  /// Its programs take the model as `-m`, and a text as `-f`.
  static func place(_ word: String, in options: KnownOptions) -> Int? {
    let places: [([String], names: [String], place: Int)] = [
      (["-m", "--model"], ["model", "file", "in"], 0), (["-f", "--file"], ["file"], 1),
    ]
    guard let found = places.first(where: { $0.0.contains(word) }),
      found.place < options.positionals.count
    else { return nil }
    let entry = options.positionals[found.place]
    // What follows several files is one of them, too.
    let isAlone = !entry.isRepeating || found.place == 0
    return found.names.contains(entry.valueName ?? "") && isAlone ? found.place : nil
  }

  /// The long form of a short option that the command lacks: ` (--cache-type-k)`, or nothing.
  static func meaning(_ word: String) -> String { long[word].map { " (\($0[0]))" } ?? "" }
}
