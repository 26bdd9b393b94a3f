// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// How the memory that is allowed is shared between activations and moments.
struct MomentsMemory: Equatable {
  /// Windows whose states are in memory together.
  let segment: Int
  /// Windows that a step of a layer works on at once.
  let chunk: Int
  /// Bytes for moments.
  let momentBytes: Int

  /// Rows of a step beyond which products do not become faster.
  private static let enoughRows = 8192

  /// Plans for a model.
  ///
  /// - Parameters:
  ///   - graph: The model.
  ///   - windows: How many there are.
  ///   - length: Tokens of each.
  ///   - largest: Bytes that the moments of the widest input take.
  ///   - bytes: How much memory may be taken.
  /// - Throws: `QuantError.memory` if one window and one input do not fit.
  init(
    _ graph: ModelGraph, windows: Int, length: Int, largest: Int, bytes: Int
  ) throws(QuantError) {
    let row = length * MemoryLayout<Float>.size
    let (width, streams) = (graph.width, graph.streams)
    let step = graph.layers.map {
      LayerPass.chunkColumns($0, width: width, streams: streams)
    }.max()
    let held = graph.layers.flatMap(\.steps).map {
      StepPass.segmentColumns($0, width: width)
    }.max()
    let perStep = max(1, step ?? 0) * row
    let perWindow = (graph.stateWidth + max(width, held ?? 0)) * row
    guard largest + perStep + perWindow <= bytes else {
      throw .memory(
        .windowLength,
        what: "second moments of the widest input and a window of \(length) tokens need",
        neededBytes: largest + perStep + perWindow, allowedBytes: bytes)
    }
    // Half for moments, or what the widest input needs; an eighth for steps, as far as they gain from it.
    let rest = min(bytes / 2, bytes - largest)
    let most = max(1, (Self.enoughRows + length - 1) / length)
    chunk = max(1, min(most, windows, rest / 4 / perStep))
    segment = max(1, min(windows, (rest - chunk * perStep) / perWindow))
    momentBytes = bytes - chunk * perStep - segment * perWindow
  }
}
