// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// How many rows are worked on at once, so that memory stays within its bounds: states, what a step holds
/// of all rows, and moments are there whatever the number.
struct CalibrationMemory {
  /// Rows that a step of a layer works on at once: whole windows.
  let chunk: Int
  /// Bytes that are left.
  private let spare: Int

  /// Rows of a step beyond which products do not become faster.
  private static let enoughRows = 8192
  private static let float = MemoryLayout<Float>.size

  /// Plans for two models of one shape.
  ///
  /// - Parameters:
  ///   - graph: The model.
  ///   - pairs: The matrices to calibrate.
  ///   - windows: The text.
  ///   - threads: How many encode.
  ///   - bytes: How much memory may be taken.
  /// - Throws: `QuantError.memory` if that is too little.
  init(
    _ graph: ModelGraph, _ pairs: MatrixPairs, _ windows: EvaluationWindows, threads: Int,
    bytes: Int
  ) throws(QuantError) {
    let tokens = windows.tokens.count
    let held = graph.layers.flatMap(\.steps).map { Self.heldColumns($0, graph) }.max() ?? 0
    let perRow = 2 * (graph.stateWidth + held) * Self.float
    let fixed = tokens * perRow + Self.momentBytes(pairs, threads: threads)
    let step = graph.layers.map {
      LayerPass.chunkColumns($0, width: graph.width, streams: graph.streams)
    }
    let widest = pairs.pending.map(\.pair.columns).max() ?? 0
    // What is caught of both models lies beside what a step needs.
    let perWindow = ((step.max() ?? 0) + 2 * widest) * windows.length * Self.float
    guard fixed + perWindow <= bytes else {
      throw .memory(
        .windowCount, what: "\(windows.count) windows of \(windows.length) tokens need",
        neededBytes: fixed + perWindow, allowedBytes: bytes)
    }
    let most = max(1, (Self.enoughRows + windows.length - 1) / windows.length)
    let count = max(1, min(most, windows.count, (bytes - fixed) / 2 / max(1, perWindow)))
    chunk = count * windows.length
    spare = bytes - fixed - count * perWindow
  }

  /// Whether so many numbers of so many rows can be kept, beside all else.
  func canKeep(rows: Int, columns: Int) -> Bool { rows * columns * Self.float <= spare }

  /// Numbers of a row that a model's step holds for as long as it lasts.
  private static func heldColumns(_ step: LayerStep, _ graph: ModelGraph) -> Int {
    let isPlain = if case .residual = step.connection { true } else { false }
    let input = isPlain ? 0 : graph.width
    let outputs = step.branches.count > 1 ? step.branches.count * graph.width : 0
    guard step.hasExperts else { return input + outputs }
    let latent = step.branches.compactMap(\.block.mixture?.latent?.width).max() ?? 0
    // What goes into experts, what they are to make up for, and what they need in a run of the step.
    return input + outputs + 2 * graph.width + 2 * latent
      + StepPass.segmentColumns(step, width: graph.width)
  }

  /// Bytes of the moments that are there at once, and of encoding with them.
  private static func momentBytes(_ pairs: MatrixPairs, threads: Int) -> Int {
    let rows = SecondMoments.pieceRows + SequentialCalibration.heldOutRows
    var widest = 0
    var encoding = 0
    var tensors: [String: Int] = [:]
    for entry in pairs.pending {
      let (columns, weights) = (entry.pair.columns, entry.pair.weights)
      // Sums, shifts and what outputs are to make up for; rows to be added, and those held out.
      let own = 2 * columns * columns + weights + rows * (2 * columns + weights / columns)
      // The factor of the moments, whose sums become the form.
      encoding = max(
        encoding,
        columns * columns
          + FeedbackEncoder.heldFloats(weights: weights, columns: columns, threads: threads))
      if entry.isExpert {
        // With those of the layer for both projections.
        widest = max(widest, own + 2 * columns * columns)
      } else {
        // Each matrix of a tensor may have an input of its own.
        tensors[entry.pair.whole.name, default: 0] += own
      }
    }
    return (max(widest, tensors.values.max() ?? 0) + encoding) * float
  }
}
