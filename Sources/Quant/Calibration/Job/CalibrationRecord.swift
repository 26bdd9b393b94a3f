// SPDX-License-Identifier: MIT

/// What came of one matrix, as the journal of an unfinished output keeps it.
struct CalibrationRecord: Sendable, Equatable {
  /// What became of the matrix's bytes.
  enum Outcome: UInt64, Sendable {
    /// They are the encoder's.
    case accepted = 1
    /// They are those of the plain search, which was no worse on what was held out.
    case rejected = 2
    /// They are those of the plain search, as no token of the text came to the matrix.
    case unreached = 3
  }

  let place: MatrixPlace
  let outcome: Outcome
  /// Of the bytes, where they are the encoder's.
  var fingerprint: UInt64 = 0
  /// Rows that codes were chosen by.
  var tokens = 0
  /// Rows that it was tested on.
  var heldOut = 0
  /// About how many directions the rows have.
  var effectiveRank = 0.0
  /// What was added to the diagonal of their moments.
  var damping = 0.0
  /// The squared error of outputs on the rows held out: of the plain search's bytes, and of the encoder's.
  var errors = (present: 0.0, new: 0.0)

  init(_ place: MatrixPlace, _ outcome: Outcome) {
    self.place = place
    self.outcome = outcome
  }

  /// The record as words.
  var words: [UInt64] {
    [
      UInt64(place.tensor), UInt64(place.matrix), outcome.rawValue, fingerprint, UInt64(tokens),
      UInt64(heldOut), effectiveRank.bitPattern, damping.bitPattern, errors.present.bitPattern,
      errors.new.bitPattern,
    ]
  }

  /// Reads a record's words; `nil` for others.
  init?(words: [UInt64]) {
    guard words.count == 10, let outcome = Outcome(rawValue: words[2]) else { return nil }
    let numbers = [0, 1, 4, 5].map { Int(clamping: words[$0]) }
    self.init(MatrixPlace(tensor: numbers[0], matrix: numbers[1]), outcome)
    fingerprint = words[3]
    (tokens, heldOut) = (numbers[2], numbers[3])
    effectiveRank = Double(bitPattern: words[6])
    damping = Double(bitPattern: words[7])
    errors = (Double(bitPattern: words[8]), Double(bitPattern: words[9]))
  }

  static func == (a: CalibrationRecord, b: CalibrationRecord) -> Bool { a.words == b.words }
}
