// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantEvaluation
internal import QuantModels
internal import QuantPlanning

/// Encodes the matrices of an unfinished output as a walk meets them, in their place in the file.
///
/// A matrix gets its new bytes only if they are better on rows that were held out. What came of it is noted
/// before the next one begins.
final class CalibrationJob: MatrixCalibrator {
  private let output: UnfinishedOutput
  private let log: CalibrationLog
  private let settings: CalibrationSettings
  private let isOneShot: Bool
  private let workers: Workers
  private let begin: (MatrixPlace) -> Void

  private var places: MatrixPlaces { log.places }

  /// Prepares to encode.
  ///
  /// - Parameters:
  ///   - output: The output, of which all slabs are written.
  ///   - log: What was done of it.
  ///   - settings: How codes are chosen.
  ///   - isOneShot: Whether the whole model takes the place of the quantized one in the walk.
  ///   - workers: Threads to work with.
  ///   - begin: Called before each matrix.
  init(
    _ output: UnfinishedOutput, _ log: CalibrationLog, _ settings: CalibrationSettings,
    isOneShot: Bool, _ workers: Workers, begin: @escaping (MatrixPlace) -> Void
  ) {
    self.output = output
    self.log = log
    self.settings = settings
    self.isOneShot = isOneShot
    self.workers = workers
    self.begin = begin
  }

  /// Whether a matrix is planned in a type that error feedback can encode, and nothing was done of it.
  func wants(_ matrix: CalibratedMatrix) -> Bool {
    guard let place = places.place(ofSource: matrix.whole, matrix: matrix.wholeMatrix) else {
      return false
    }
    return log.record(of: place) == nil
  }

  /// Encodes matrices that share an input.
  ///
  /// Throws `QuantError` for weights that cannot be read or written, and moments that are not finite;
  /// `.cancelled` between two matrices if the task was cancelled.
  func calibrate(
    _ matrices: [CalibratedMatrix], _ moments: SecondMoments, pooled: SecondMoments?
  ) throws(QuantError) {
    let works = try matrices.map { matrix throws(QuantError) in try work(matrix) }
    guard moments.tokens > 0, let first = works.first else {
      for work in works { try log.note(CalibrationRecord(work.place, .unreached)) }
      return
    }
    // The moments serve no other purpose: their memory is used.
    var prepared = try PreparedMoments(
      moments, pooled: pooled, group: first.format.feedback.group, settings: settings,
      rows: works.reduce(0) { $0 + places.rows(of: $1.place).count }, keepsMoments: false, workers)
    for work in works {
      try QuantError.checkCancellation()
      begin(work.place)
      prepared = try prepared.regrouped(work.format.feedback.group, workers)
      try calibrate(work, prepared, moments)
    }
  }

  /// A matrix to be encoded.
  private struct Work {
    let place: MatrixPlace
    let format: any FeedbackFormat.Type
    let whole: TensorInfo
    /// Its rows in the whole model's tensor.
    let rows: Range<Int>
  }

  private func work(_ matrix: CalibratedMatrix) throws(QuantError) -> Work {
    guard let place = places.place(ofSource: matrix.whole, matrix: matrix.wholeMatrix),
      let format = places.format(ofTensor: place.tensor),
      isOneShot
        || places.isPlace(place, of: matrix.quantized, matrix: matrix.quantizedMatrix)
    else {
      throw .mismatch(
        file: output.plan.files[0].path,
        what:
          "tensor \"\(matrix.quantized.name)\", matrix \(matrix.quantizedMatrix): expected rows of"
          + " \"\(matrix.whole.name)\", matrix \(matrix.wholeMatrix), of the source, found others")
    }
    let count = places.rows(of: place).count
    let first = matrix.wholeMatrix * count
    return Work(place: place, format: format, whole: matrix.whole, rows: first..<first + count)
  }

  private func calibrate(
    _ work: Work, _ prepared: PreparedMoments, _ moments: SecondMoments
  ) throws(QuantError) {
    let encoder = FeedbackEncoder(work.format, prepared, settings)
    let found = try encode(work, encoder, moments.heldOut)
    var record = CalibrationRecord(work.place, found.isBetter ? .accepted : .rejected)
    record.tokens = moments.tokens
    record.heldOut = moments.heldOut.count
    record.effectiveRank = prepared.effectiveRank
    record.damping = Double(prepared.damping)
    record.errors = (present: found.presentError, new: found.error)
    if found.isBetter {
      let start = places.bytes(of: work.place).lowerBound
      unsafe try output.write(found.bytes.span.bytes, toTensor: work.place.tensor, at: start)
      record.fingerprint = try log.fingerprint(of: work.place)
    }
    try log.note(record)
  }

  /// Encodes a matrix piece by piece.
  private func encode(
    _ work: Work, _ encoder: FeedbackEncoder, _ heldOut: HeldOutRows
  ) throws(QuantError) -> EncodedMatrix {
    var reader = try TensorReader(model: output.plan.source, tensor: work.whole)
    let shift = places.rows(of: work.place).lowerBound - work.rows.lowerBound
    let tile = FeedbackEncoder.tileRows
    let size = max(1, FeedbackEncoder.pieceWeights / (tile * work.whole.rowWeights)) * tile
    var pieces: [EncodedMatrix] = []
    for start in stride(from: work.rows.lowerBound, to: work.rows.upperBound, by: size) {
      let rows = start..<min(start + size, work.rows.upperBound)
      let present = try output.bytes(
        places.bytes(
          ofRows: rows.lowerBound + shift..<rows.upperBound + shift, ofTensor: work.place.tensor),
        ofTensor: work.place.tensor)
      pieces.append(
        try encoder.encode(
          try reader.matrix(rows), from: rows.lowerBound - work.rows.lowerBound,
          comparing: present, on: heldOut, workers))
    }
    return EncodedMatrix(joining: pieces)
  }
}
