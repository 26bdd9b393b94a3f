// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

/// Refuses activations that are not finite: whatever is measured with them is worthless.
///
/// States are looked at after each layer. Only where something is wrong, one window is run again to find
/// the tensor. Weights are looked at as they are decoded (`FiniteWeights`).
package struct FiniteCheck {
  private let evaluator: Evaluator
  private let tokens: [Int32]
  private let length: Int

  /// Prepares to check states.
  ///
  /// - Parameters:
  ///   - evaluator: The model.
  ///   - tokens: The tokens that states are of, a row each.
  ///   - length: Tokens of a window.
  package init(_ evaluator: Evaluator, _ tokens: [Int32], length: Int) {
    self.evaluator = evaluator
    self.tokens = tokens
    self.length = length
  }

  /// Where states come from.
  package enum Place: Equatable {
    case embedding, layer(Int), output, ahead(Int)

    /// The place in words.
    var inWords: String {
      switch self {
      case .embedding: "the embedding"
      case .layer(let layer), .ahead(let layer): "layer \(layer)"
      case .output: "the output"
      }
    }
  }

  /// Refuses states that are not finite.
  ///
  /// - Parameters:
  ///   - states: A row for each of the tokens, or for each that counts.
  ///   - place: What they come from.
  /// - Throws: `QuantError.content` that names the tensor and the layer.
  /// - Complexity: O(*n*) in the numbers.
  package func check(_ states: Matrix, from place: Place) throws(QuantError) {
    guard let row = try states.firstRowNotFinite(evaluator.workers) else { return }
    try findTensor(from: place, window: min(row, tokens.count - 1) / length)
    throw error(
      "\(place.inWords): expected finite activations, found \(states.numberNotFinite(row)) at"
        + " token \(row % length) of window \(row / length)")
  }

  /// Runs a window again, watching what goes into products.
  private func findTensor(from place: Place, window: Int) throws(QuantError) {
    guard case .layer(let last) = place else { return }
    let watcher = FiniteWatcher(file: evaluator.model.path)
    let part = Array(tokens[window * length..<(window + 1) * length])
    let context = evaluator.context(windowLength: length, observer: watcher)
    let states = try evaluator.embed(part, windowLength: length)
    for layer in 0...last {
      watcher.begin(layer: layer)
      try evaluator.pass(layer, context, length: length, chunk: 1).run(states)
    }
    guard let tensor = watcher.last, try states.firstRowNotFinite(evaluator.workers) != nil
    else { return }
    throw error("tensor \"\(tensor)\", \(place.inWords): expected finite products, found others")
  }

  private func error(_ what: String) -> QuantError {
    .content(file: evaluator.model.path, line: 0, what: what)
  }
}

/// Ends an evaluation where the first number that is not finite goes into a product.
private final class FiniteWatcher: ForwardObserver {
  private let file: String
  private let place = Locked<(layer: Int, tensor: String?)>((0, nil))

  init(file: String) { self.file = file }

  /// The tensor multiplied last.
  var last: String? { place.withLock { $0.tensor } }

  func begin(layer: Int) { place.withLock { $0 = (layer, nil) } }

  func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError) {
    let before = place.withLock { place in
      defer { place.tensor = tensor.name }
      return place
    }
    for row in 0..<input.rows where !input.isFinite(row: row) {
      let after = before.tensor.map { ", after \"\($0)\"" } ?? ""
      throw .content(
        file: file, line: 0,
        what: "tensor \"\(tensor.name)\", layer \(before.layer): expected finite activations going"
          + " into it, found \(input.numberNotFinite(row))\(after)")
    }
  }

  func observe(_ routing: Routing, layer: Int) {}
}
