// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels
internal import QuantPlanning

/// What has been done of the matrices of an unfinished output, by this run and by those before it.
///
/// A record holds the fingerprint of the matrix's bytes. Of those of an earlier run only what agrees is
/// believed, as with the slabs of a plan.
final class CalibrationLog: Sendable {
  let places: MatrixPlaces
  private let output: UnfinishedOutput
  private let state: Locked<State>

  private struct State {
    var records: [MatrixPlace: CalibrationRecord] = [:]
    /// Bytes that are the encoder's, by tensor.
    var changed: [Int: Set<Range<Int>>] = [:]
  }

  /// Takes up what earlier runs noted.
  ///
  /// Throws `QuantError.file` if bytes cannot be read.
  init(_ output: UnfinishedOutput) throws(QuantError) {
    self.output = output
    places = MatrixPlaces(output.plan)
    state = Locked(State())
    for record in output.notes.compactMap(CalibrationRecord.init(words:)) {
      guard fits(record.place), try isIntact(record) else { continue }
      keep(record)
    }
  }

  private func fits(_ place: MatrixPlace) -> Bool {
    output.plan.tensors.indices.contains(place.tensor)
      && (0..<places.matrixCount(ofTensor: place.tensor)).contains(place.matrix)
  }

  private func isIntact(_ record: CalibrationRecord) throws(QuantError) -> Bool {
    guard record.outcome == .accepted else { return true }
    return try fingerprint(of: record.place) == record.fingerprint
  }

  /// Bytes read at once.
  private static let piece = 1 << 22

  /// A fingerprint of a matrix's bytes as they are in the file.
  func fingerprint(of place: MatrixPlace) throws(QuantError) -> UInt64 {
    let range = places.bytes(of: place)
    var fingerprint = Fingerprint()
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.piece) {
      let end = min(start + Self.piece, range.upperBound)
      fingerprint.add(try output.bytes(start..<end, ofTensor: place.tensor))
    }
    return fingerprint.value
  }

  private func keep(_ record: CalibrationRecord) {
    let bytes = places.bytes(of: record.place)
    state.withLock { state in
      state.records[record.place] = record
      if record.outcome == .accepted {
        state.changed[record.place.tensor, default: []].insert(bytes)
      } else {
        state.changed[record.place.tensor]?.remove(bytes)
      }
    }
  }

  /// Notes what came of a matrix, after its bytes are written.
  func note(_ record: CalibrationRecord) throws(QuantError) {
    try output.note(record.words)
    keep(record)
  }

  /// What is known of a matrix; `nil` if nothing was done.
  func record(of place: MatrixPlace) -> CalibrationRecord? {
    state.withLock { $0.records[place] }
  }

  /// All that is known, in the order of the plan.
  var records: [CalibrationRecord] {
    state.withLock { Array($0.records.values) }.sorted {
      ($0.place.tensor, $0.place.matrix) < ($1.place.tensor, $1.place.matrix)
    }
  }

  /// The bytes of a tensor that are the encoder's, in order.
  func changedBytes(ofTensor index: Int) -> [Range<Int>] {
    state.withLock { $0.changed[index, default: []].sorted { $0.lowerBound < $1.lowerBound } }
  }
}
