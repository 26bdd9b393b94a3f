// SPDX-License-Identifier: MIT
internal import QuantEvaluation

/// Products of a block whose inputs are caught in one run, as none of these depends on the others' weights.
struct CalibrationStage {
  /// An input that matrices share.
  struct Input {
    /// The matrices, in the order in which they are met.
    var keys: [MatrixKey]
    /// How often a matrix is multiplied with something: a tensor's parts may have inputs of their own.
    let count: Int
  }

  private(set) var inputs: [Input]

  /// The inputs to catch: one matrix stands for all that share its.
  var wanted: [MatrixKey: Int] {
    var wanted: [MatrixKey: Int] = [:]
    for input in inputs { wanted[input.keys[0]] = input.count }
    return wanted
  }

  private func hasTensor(of keys: [MatrixKey]) -> Bool {
    inputs.contains { $0.keys.contains { own in keys.contains { $0.tensor == own.tensor } } }
  }

  /// Rows by which inputs are told apart.
  static let comparedRows = 32

  /// Sorts the products of a block.
  ///
  /// - Parameter inputs: What went into them in one run.
  /// - Returns: Stages in the order in which a token meets them. Matrices share an input if its rows are
  ///   equal, and all matrices of a tensor are in one stage.
  static func stages(of inputs: [InputCatcher.Input]) -> [CalibrationStage] {
    var stages: [CalibrationStage] = []
    for input in shared(inputs) {
      let (same, others) = (
        stages.filter { $0.hasTensor(of: input.keys) },
        stages.filter { !$0.hasTensor(of: input.keys) }
      )
      guard let place = stages.firstIndex(where: { $0.hasTensor(of: input.keys) }) else {
        stages.append(CalibrationStage(inputs: [input]))
        continue
      }
      let joined = CalibrationStage(inputs: same.flatMap(\.inputs) + [input])
      stages = others
      stages.insert(joined, at: place)
    }
    return stages
  }

  /// Puts matrices with equal inputs together.
  private static func shared(_ inputs: [InputCatcher.Input]) -> [Input] {
    var order: [MatrixKey] = []
    var rows: [MatrixKey: [Matrix]] = [:]
    for input in inputs {
      if rows[input.key] == nil { order.append(input.key) }
      rows[input.key, default: []].append(input.rows)
    }
    var found: [Input] = []
    for key in order {
      guard let own = rows[key] else { continue }
      let place = found.firstIndex { other in
        rows[other.keys[0]].map { $0.hasSameRows(as: own) } ?? false
      }
      if let place {
        found[place].keys.append(key)
      } else {
        found.append(Input(keys: [key], count: own.count))
      }
    }
    return found
  }
}

extension [Matrix] {
  /// Whether all numbers are equal.
  fileprivate func hasSameRows(as others: [Matrix]) -> Bool {
    count == others.count && zip(self, others).allSatisfy { $0.hasSameNumbers(as: $1) }
  }
}

extension Matrix {
  fileprivate func hasSameNumbers(as other: Matrix) -> Bool {
    guard rows == other.rows, columns == other.columns else { return false }
    return (0..<rows).allSatisfy { row in
      withRow(row) { own in
        other.withRow(row) { other in own.indices.allSatisfy { own[$0] == other[$0] } }
      }
    }
  }
}
