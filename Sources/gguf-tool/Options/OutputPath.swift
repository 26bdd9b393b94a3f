// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Names of files to be written.
enum OutputPath {
  /// Refuses names that cannot be written, that two outputs share, or that lead to what is read: before
  /// the work and not after it.
  ///
  /// - Parameters:
  ///   - outputs: The files to be written; `nil` for those that were not asked for.
  ///   - model: The model that is read.
  ///   - others: Other files that are read.
  ///   - streamed: Those of the outputs that may go to standard output, a pipe or a device instead.
  /// - Throws: `FileError` for the first name of the kind.
  static func check(
    _ outputs: [String?], isNot model: any ModelSource, others: [String?] = [],
    streamed: [String?] = []
  ) throws(FileError) {
    try check(
      outputs, reading: model.files.map(\.name) + others.compactMap { $0 }, streamed: streamed)
  }

  /// Refuses names as `check(_:isNot:others:)` does, where no model is read.
  static func check(
    _ outputs: [String?], reading files: [String], streamed: [String?] = []
  ) throws(FileError) {
    let inputs = InputFiles(models: files)
    var seen: Set<String> = []
    for path in outputs.compactMap({ $0 }) {
      if !(streamed.contains(path) && ByteStream.isOne(path)) { try inputs.check(path) }
      guard seen.insert(path).inserted else {
        throw .invalid(
          file: path, what: "expected a different name for each output, found this one twice")
      }
    }
  }
}
