// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// The states of all probes: windows that have met one changed unit of the model and go through the
/// rest of it beside each other, so that every weight is read once for all of them.
struct ProbeStates {
  /// One probe: the units of the model that are changed in it.
  struct Probe: Codable {
    let units: [Int]
    let type: Int
    let error: ExactSum
  }

  /// Windows of each.
  let windows: Int
  /// Rows of each: tokens.
  let rows: Int
  /// Those begun, in the order of their states.
  private(set) var probes: [Probe] = []
  private let states: Matrix

  /// Makes memory, which is taken only as probes begin.
  init(count: Int, windows: Int, length: Int, width: Int) {
    self.windows = windows
    rows = windows * length
    states = Matrix(rows: count * rows, columns: width)
  }

  /// The rows of all probes that may begin.
  var capacity: Int { states.rows }

  /// The states of all probes begun.
  var live: Matrix { states.rows(0..<probes.count * rows) }

  /// The states of one probe.
  func states(of probe: Int) -> Matrix { states.rows(probe * rows..<(probe + 1) * rows) }

  /// The states of some probes.
  func states(of range: Range<Int>) -> Matrix {
    states.rows(range.lowerBound * rows..<range.upperBound * rows)
  }

  /// Begins a probe.
  ///
  /// - Parameters:
  ///   - units: The units that it changes.
  ///   - type: Their type.
  ///   - error: The sum of the squares of what that changes in the output of their place.
  /// - Returns: Its number.
  mutating func begin(units: [Int], type: Int, error: ExactSum) -> Int {
    probes.append(Probe(units: units, type: type, error: error))
    return probes.count - 1
  }

  /// Takes up the probes of an earlier run.
  ///
  /// Throws `QuantError.mismatch` if they are not of this measurement.
  mutating func restore(
    _ earlier: [Probe], _ saved: Matrix, path: String
  ) throws(QuantError) {
    guard saved.rows == earlier.count * rows, saved.rows <= states.rows,
      saved.columns == states.columns
    else { throw .mismatch(file: path, what: "it is not the state of this measurement") }
    probes = earlier
    states.rows(0..<saved.rows).copy(from: saved)
  }
}
