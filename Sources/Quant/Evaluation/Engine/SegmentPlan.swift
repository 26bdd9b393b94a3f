// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// How many windows are taken through the layers together, and how many within a layer, so that
/// memory stays within its bounds.
struct SegmentPlan: Equatable {
  /// Windows that go through all layers together: the model is read once for them.
  var windows: Int
  /// Windows that a step of a layer works on at once.
  var chunk: Int

  /// Windows of a step beyond which products do not become faster.
  private static let enoughRows = 8192

  /// Plans for a model.
  ///
  /// - Parameters:
  ///   - graph: The model.
  ///   - windows: How many there are.
  ///   - length: Tokens of each.
  ///   - bytes: How much memory activations may take.
  /// - Throws: `QuantError.memory` if not even one window fits.
  init(_ graph: ModelGraph, windows: Int, length: Int, bytes: Int) throws(QuantError) {
    let float = MemoryLayout<Float>.size
    let width = graph.width
    let layers = graph.layers + graph.ahead.map(\.layer)
    // Behind the last layer, one stream is made of states that hold more than that.
    let merged = graph.stateWidth > width ? width : 0
    let held = layers.map { LayerPass.segmentColumns($0, width: width) }.reduce(merged, max)
    let step =
      layers.map { LayerPass.chunkColumns($0, width: width, streams: graph.streams) }.max() ?? 0
    // Layers that predict further tokens have states of their own, and read those of the one before.
    let states = (1 + min(graph.ahead.count, 2)) * graph.stateWidth
    let perWindow = (states + held) * length * float
    // A model may consist of layers that do nothing.
    let perStep = max(1, step) * length * float
    guard perWindow + perStep <= bytes else {
      throw .memory(
        .windowLength, what: "a window of \(length) tokens needs", neededBytes: perWindow + perStep,
        allowedBytes: bytes)
    }
    // A quarter for the steps, as far as they gain from it; the rest for as many windows as fit.
    let most = max(1, (Self.enoughRows + length - 1) / length)
    chunk = max(1, min(most, windows, bytes / 4 / perStep))
    self.windows = max(1, min(windows, (bytes - chunk * perStep) / perWindow))
  }
}
