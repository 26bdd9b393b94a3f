// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// What a shell offers for the values of options and arguments.
extension CompletionKind {
  /// A model, or any shard of it.
  static var model: CompletionKind { .file(extensions: ["gguf"]) }
  /// An importance matrix of either form.
  static var imatrix: CompletionKind { .file(extensions: ["gguf", "dat"]) }
  /// A preset, or `COPY`.
  static var presets: CompletionKind { .list(FileType.all.map(\.name) + ["COPY"]) }
  /// A type that can be written.
  static var types: CompletionKind { .list(FormatRegistry.encodable) }
  /// A type that the KV cache can have.
  static var cacheTypes: CompletionKind {
    .list(ContextOptions.cacheTypes.map { $0.name.lowercased() })
  }
}
