// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

/// A test model with the logits that the reference computed for it.
struct ExpectedLogits {
  let model: GGUFFile
  let tokens: [Int32]
  let contextLength: Int
  let firstPosition: Int
  /// Rows of one logit a token of the vocabulary.
  let logits: [Float]
  /// The largest difference that is still right: more where a change of weights by a millionth moves logits
  /// by more than half a thousandth, as the file's note says.
  let limit: Float

  /// Opens a model of `shared/architectures`.
  ///
  /// - Parameters:
  ///   - name: The model, without suffix.
  ///   - folder: Where it is.
  /// - Throws: If a file cannot be read.
  init(_ name: String, in folder: URL) throws {
    model = try GGUFFile.open(folder.appending(path: "\(name).gguf").path)
    let expected = try GGUFFile.open(folder.appending(path: "\(name).expected.gguf").path)
    tokens = try Self.numbers("tokens", of: expected).map { Int32($0) }
    contextLength = expected.metadata["expected.n_ctx"]?.integer ?? 256
    firstPosition = expected.metadata["expected.pos_offset"]?.integer ?? 0
    let note = expected.metadata["expected.note"]?.text ?? ""
    let noise = note.split(separator: ": ").last.flatMap { Float($0) } ?? 0
    limit = noise > 5e-4 ? 3e-3 : 1e-3
    // Exact arithmetic where there is some; else the reference on weights of 32 bits.
    let best = ["logits_exact", "logits_f32"].first { expected.contains($0) }
    logits = try Self.numbers(best ?? "logits", of: expected)
  }

  private static func numbers(_ name: String, of file: GGUFFile) throws -> [Float] {
    let tensor = try file.tensor(name)
    var numbers = [Float](repeating: 0, count: tensor.weightCount)
    var reader = try TensorReader(model: file, tensor: tensor)
    var span = numbers.mutableSpan
    try reader.readWeights(0..<tensor.weightCount, into: &span)
    return numbers
  }

  /// The largest difference between our logits and those expected.
  func largestDifference(mode: ComputeMode) throws -> Float {
    let evaluator = try Evaluator(
      model: model, contextLength: contextLength,
      options: EvaluationOptions(threads: 2, mode: mode, firstPosition: firstPosition))
    let found = try evaluator.logits(tokens)
    var largest: Float = 0
    for row in 0..<found.rows {
      found.withRow(row) { span in
        for column in span.indices {
          let difference = abs(span[column] - logits[row * found.columns + column])
          // A NaN is larger than anything.
          if !(difference <= largest) { largest = difference }
        }
      }
    }
    return largest
  }
}
