// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
package import QuantEvaluation
package import QuantModels
package import QuantPlanning

/// How far a calibration is.
package struct CalibrationProgress: Sendable {
  /// The tensor of the output that is worked on.
  package var tensor = ""
  /// Its expert, or another part; `nil` for a tensor of one matrix.
  package var part: Int?
  /// Layers of the model.
  package var layerCount = 0
  /// What is done of what is left to this run; `nil` before that is known.
  package var work: EvaluationProgress?
}

/// Calibrates an output before it is finished: takes the text through the whole model and through the
/// unfinished output side by side, and has the matrices of the output encoded anew on the way.
package final class CalibrationRefiner: OutputRefiner {
  private let request: CalibrationRequest
  private let progress: @Sendable (CalibrationProgress) -> Void
  private let state = Locked<(log: CalibrationLog?, report: CalibrationReport?)>((nil, nil))

  /// Prepares a calibration.
  ///
  /// - Parameters:
  ///   - request: What is wanted.
  ///   - progress: Called before each matrix and as work is done.
  package init(
    _ request: CalibrationRequest,
    progress: @escaping @Sendable (CalibrationProgress) -> Void = { _ in }
  ) {
    self.request = request
    self.progress = progress
  }

  /// What was done; `nil` before `refine` has come to its end.
  package var report: CalibrationReport? { state.withLock { $0.report } }

  package func add(to fingerprint: inout Fingerprint) { request.add(to: &fingerprint) }

  package func resume(_ output: UnfinishedOutput) throws(QuantError) {
    let log = try CalibrationLog(output)
    state.withLock { $0.log = log }
  }

  package func changedBytes(ofTensor index: Int) -> [Range<Int>] {
    state.withLock { $0.log }?.changedBytes(ofTensor: index) ?? []
  }

  package func refine(_ output: UnfinishedOutput) throws(QuantError) {
    guard let log = state.withLock({ $0.log }) else { return }
    let whole = try request.evaluator(output.plan.source)
    let told = Locked(CalibrationProgress(layerCount: whole.graph.layers.count))
    let job = CalibrationJob(
      output, log, request.settings, isOneShot: request.origin.method == .oneShot, whole.workers
    ) { place in
      self.tell(told) { told in
        told.tensor = output.plan.tensors[place.tensor].description.name
        told.part = log.places.matrixCount(ofTensor: place.tensor) > 1 ? place.matrix : nil
      }
    }
    let unreached = try run(job, whole, output) { step in self.tell(told) { $0.work = step } }
    for matrix in unreached {
      guard let place = log.places.place(ofSource: matrix.whole, matrix: matrix.wholeMatrix)
      else { continue }
      try log.note(CalibrationRecord(place, .unreached))
    }
    let report = CalibrationReport(request, log, whole.graph)
    state.withLock { $0.report = report }
  }

  package func release() { state.withLock { $0.log = nil } }

  private func tell(
    _ told: Locked<CalibrationProgress>, _ change: (inout CalibrationProgress) -> Void
  ) {
    let now = told.withLock { told in
      change(&told)
      return told
    }
    progress(now)
  }

  /// Has all matrices calibrated that are left; returns those that nothing went into.
  private func run(
    _ job: CalibrationJob, _ whole: Evaluator, _ output: UnfinishedOutput,
    _ progress: @escaping (EvaluationProgress) -> Void
  ) throws(QuantError) -> [CalibratedMatrix] {
    switch request.inputs {
    case .moments(let file, _):
      return try MomentsCalibration(file, whole, job).run(progress: progress)
    case .text(let windows, let method):
      let quantized = method == .oneShot ? whole : try request.evaluator(try output.model())
      // An earlier run may have done all of it.
      guard try !MatrixPairs(whole, quantized, job).pending.isEmpty else { return [] }
      return try SequentialCalibration(
        whole: whole, quantized: quantized, over: windows,
        memoryBytes: request.options.memoryBytes, job
      ).run(progress: progress).unmet
    }
  }
}

// MARK: The report

extension CalibrationReport {
  /// Puts together what is known of an output that is done.
  fileprivate init(_ request: CalibrationRequest, _ log: CalibrationLog, _ graph: ModelGraph) {
    let (places, records) = (log.places, log.records)
    let tensors = places.plan.tensors
    origin = request.origin
    settings = request.settings
    mode = request.options.mode
    matrices = records.map { Matrix($0, places) }
    let met = Set(records.map(\.place.tensor))
    tensorsWithoutFeedback = tensors.indices.filter {
      tensors[$0].action == .encode && tensors[$0].description.type.isQuantized
        && places.format(ofTensor: $0) == nil
    }.map { tensors[$0].description }
    let embedding = graph.output.tensor == graph.embedding ? graph.embedding.name : nil
    let unmet = tensors.indices.filter { places.format(ofTensor: $0) != nil && !met.contains($0) }
      .map { tensors[$0].description.name }
    tiedEmbedding = unmet.first { $0 == embedding }
    unusedTensors = unmet.filter { $0 != embedding }
  }
}

extension CalibrationReport.Matrix {
  fileprivate init(_ record: CalibrationRecord, _ places: MatrixPlaces) {
    let description = places.plan.tensors[record.place.tensor].description
    tensor = description.name
    part = places.matrixCount(ofTensor: record.place.tensor) > 1 ? record.place.matrix : nil
    role = ModelPlan.role(of: description)
    type = description.type
    columns = description.rowWeights
    outcome =
      switch record.outcome {
      case .accepted: .accepted
      case .rejected: .rejected
      case .unreached: .unreached
      }
    tokens = record.tokens
    heldOutTokens = record.heldOut
    effectiveRank = record.effectiveRank
    damping = record.damping
    plainError = record.errors.present
    calibratedError = record.errors.new
  }
}
