// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantEvaluation
package import QuantModels

/// Takes a text through a model and through its quantized form side by side, and lets the matrices of the
/// quantized one be chosen on the way: each by what its input has become behind those already chosen, and
/// by what the whole model has in its place.
///
/// Of every block the products come in the order in which a token meets them; those that share an input
/// come together. Experts get the tokens that the quantized model sends them. Every eighth window is held
/// out of the moments, for a test of what was chosen.
///
/// Embeddings are not calibrated, nor is an output matrix that is the embedding. Layers that predict
/// further tokens (MTP) stay as they are. Of all others nothing depends on the number of threads, nor on
/// how much memory there is.
package final class SequentialCalibration {
  /// What comes of a walk.
  package struct Outcome {
    /// The whole model's states as its output matrix takes them: a row a token.
    package let whole: Matrix
    /// The quantized model's.
    package let quantized: Matrix
    /// Matrices that are wanted and that no token met.
    package let unmet: [CalibratedMatrix]
  }

  let text: CalibrationText
  let plan: CalibrationMemory
  let pairs: MatrixPairs
  let whole: WalkedModel
  let quantized: WalkedModel
  private let calibrator: any MatrixCalibrator
  private let work: CalibrationWork
  private var meter: WorkMeter

  /// Threads to work with.
  var workers: Workers { whole.evaluator.workers }

  /// Prepares a walk.
  ///
  /// - Parameters:
  ///   - whole: The whole model.
  ///   - quantized: The quantized one, complete. Its experts may be laid out otherwise.
  ///   - windows: The text.
  ///   - memoryBytes: Bytes that states, activations and moments may take.
  ///   - calibrator: Chooses the matrices.
  /// - Throws: `QuantError.mismatch` for models of different shapes; `.setting` for windows longer than the
  ///   context length; `.memory` if memory does not suffice; and what embedding the text throws.
  package init(
    whole: Evaluator, quantized: Evaluator, over windows: EvaluationWindows, memoryBytes: Int,
    _ calibrator: any MatrixCalibrator
  ) throws(QuantError) {
    for evaluator in [whole, quantized] { try evaluator.check(windowLength: windows.length) }
    self.calibrator = calibrator
    text = CalibrationText(windows: windows)
    pairs = try MatrixPairs(whole, quantized, calibrator)
    plan = try CalibrationMemory(
      whole.graph, pairs, windows, threads: whole.workers.count, bytes: memoryBytes)
    work = CalibrationWork(whole.graph, tokens: windows.tokens.count)
    meter = WorkMeter(total: 0) { _ in }
    self.whole = try WalkedModel(whole, windows)
    self.quantized = try WalkedModel(quantized, windows)
  }

  /// Walks.
  ///
  /// - Parameter progress: Called after each group of matrices, and after each step of a layer.
  /// - Returns: What both models have come to.
  /// - Throws: `QuantError` for weights that cannot be read or are not finite, activations that are not, or
  ///   what the calibrator throws; `.cancelled` before a group of matrices if the task was cancelled.
  /// - Complexity: About two passes of the text through the model, its experts three and a half; and for
  ///   each input of n columns 3 n² products a token.
  package func run(
    progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) -> Outcome {
    meter = WorkMeter(total: work.total(pairs), progress)
    for model in [whole, quantized] { try model.check(from: .embedding) }
    for layer in whole.graph.layers.indices { try run(layer) }
    let outputs = (whole: try whole.normedOutput(), quantized: try quantized.normedOutput())
    try calibrateOutput(outputs.quantized, whole: outputs.whole)
    try QuantError.wrapping { () throws(FileError) in
      try whole.evaluator.model.checkUnchanged()
    }
    return Outcome(
      whole: outputs.whole, quantized: outputs.quantized, unmet: pairs.pending.map(\.pair))
  }

  private func run(_ layer: Int) throws(QuantError) {
    for model in [whole, quantized] {
      try model.layer(layer, chunk: plan.chunk, isWatched: false).begin(model.states)
    }
    for step in whole.graph.layers[layer].steps.indices {
      try StepCalibration(self, layer: layer, step: step).run()
      meter.add(work.step(step, layer: layer))
    }
    for model in [whole, quantized] {
      try model.layer(layer, chunk: plan.chunk, isWatched: false).finish(model.states)
      try model.check(from: .layer(layer))
    }
  }

  private func calibrateOutput(_ x: Matrix, whole other: Matrix) throws(QuantError) {
    let key = MatrixKey(tensor: whole.graph.output.tensor.name, matrix: 0)
    guard pairs.isPending(key), !whole.graph.isEncoder else { return }
    let moments = moments(columns: x.columns, of: key)
    try text.add(x, whole: other, of: 0..<x.rows, to: moments, workers)
    try calibrate([key], moments)
  }

  // MARK: Matrices

  /// The most rows of held-out windows that are kept of an input: enough for a test.
  static let heldOutRows = 1024

  /// Moments for the input of a matrix.
  func moments(
    columns: Int, of key: MatrixKey, outputs: Int = 0, isPooled: Bool = false
  ) -> SecondMoments {
    SecondMoments(
      columns: columns, hasShifts: !isPooled, heldOutLimit: isPooled ? 0 : Self.heldOutRows,
      outputs: outputs,
      name: "what goes into matrix \(key.matrix) of tensor \"\(key.tensor)\"")
  }

  /// Has the wanted ones of some matrices calibrated.
  func calibrate(
    _ keys: [MatrixKey], _ moments: SecondMoments, pooled: SecondMoments? = nil
  ) throws(QuantError) {
    try QuantError.checkCancellation()
    let matrices = pairs.take(keys)
    guard !matrices.isEmpty else { return }
    try moments.finish(workers)
    try calibrator.calibrate(matrices, moments, pooled: pooled)
    meter.add(matrices.reduce(0) { $0 + work.matrix($1) })
  }
}
