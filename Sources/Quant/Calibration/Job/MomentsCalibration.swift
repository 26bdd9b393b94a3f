// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Lets the matrices of a quantized model be chosen by second moments that were gathered before, each input
/// on its own.
struct MomentsCalibration {
  private let file: MomentsFile
  private let graph: ModelGraph
  private let workers: Workers
  private let calibrator: any MatrixCalibrator

  /// Fewer tokens a column than these call for the moments of all matrices of a tensor.
  private static let enoughTokens = 8

  /// Prepares.
  ///
  /// - Parameters:
  ///   - file: The moments.
  ///   - whole: The whole model.
  ///   - calibrator: Chooses the matrices.
  init(_ file: MomentsFile, _ whole: Evaluator, _ calibrator: any MatrixCalibrator) {
    self.file = file
    graph = whole.graph
    workers = whole.workers
    self.calibrator = calibrator
  }

  /// Has all matrices calibrated that are wanted and that something went into.
  ///
  /// - Parameter progress: Called after each input.
  /// - Returns: Those that nothing went into.
  /// - Throws: `QuantError` for moments that cannot be read or are not finite, and what the calibrator throws.
  /// - Complexity: Memory for the moments of two inputs, and of a third for experts with few tokens.
  func run(progress: @escaping (EvaluationProgress) -> Void) throws(QuantError)
    -> [CalibratedMatrix]
  {
    var wanted = wanted()
    let meter = WorkMeter(total: wanted.values.reduce(0) { $0 + work($1) }, progress)
    var pooled: (tensor: String, moments: SecondMoments?)?
    for (index, input) in file.inputs.enumerated() {
      let matrices = input.matrices.compactMap { wanted.removeValue(forKey: $0) }
      guard let first = matrices.first else { continue }
      try QuantError.checkCancellation()
      let tensor = first.whole
      let isScarce = tensor.matrixCount > 1 && input.tokens < Self.enoughTokens * input.columns
      if isScarce, pooled?.tensor != tensor.name {
        pooled = (tensor.name, try file.pooled(tensor.name, workers))
      }
      try calibrator.calibrate(
        matrices, try file.moments(index, workers), pooled: isScarce ? pooled?.moments : nil)
      meter.add(matrices.reduce(0) { $0 + work($1) })
    }
    return Array(wanted.values)
  }

  private func work(_ matrix: CalibratedMatrix) -> Int { matrix.weights * matrix.columns }

  /// The matrices to be calibrated.
  private func wanted() -> [MomentsMatrix: CalibratedMatrix] {
    var wanted: [MomentsMatrix: CalibratedMatrix] = [:]
    for unit in graph.units where unit.position != .embedding {
      for index in unit.matrix.map({ [$0] }) ?? Array(0..<unit.tensor.matrixCount) {
        let matrix = CalibratedMatrix(
          whole: unit.tensor, wholeMatrix: index, quantized: unit.tensor, quantizedMatrix: index)
        guard calibrator.wants(matrix) else { continue }
        wanted[MomentsMatrix(tensor: unit.tensor.name, matrix: index)] = matrix
      }
    }
    return wanted
  }
}
