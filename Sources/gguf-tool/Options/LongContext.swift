// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Windows longer than those that a model was trained with.
enum LongContext {
  /// Warns once for each model and length.
  ///
  /// - Parameters:
  ///   - source: The model, whose `context_length` is the longest that it was trained for.
  ///   - length: Tokens of a window.
  static func warn(of source: any ModelSource, _ length: Int) {
    guard let trained = trainedLength(of: source), length > trained else { return }
    let isNew = told.withLock { $0.insert("\(source.path) \(length)").inserted }
    guard isNew else { return }
    Warnings.write(
      "\(source.path): positions up to \(length) are beyond the context of \(trained) tokens that"
        + " the model was trained for: expect worse figures, and take shorter windows")
  }

  private static let told = Locked<Set<String>>([])

  private static func trainedLength(of source: any ModelSource) -> Int? {
    guard let architecture = source.metadata.architecture,
      let length = source.metadata["\(architecture).context_length"]?.integer, length > 0
    else { return nil }
    return length
  }
}
