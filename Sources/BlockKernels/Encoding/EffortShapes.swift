// SPDX-License-Identifier: MIT

// What more or less effort makes of the shape that a format describes for the default.

extension BlockSearch {
  /// The search with an effort; `bits` are the format's for each weight.
  func at(_ effort: Effort, bits: Double) -> BlockSearch {
    switch self {
    case .affine(let shape): .affine(shape.at(effort, bits: bits))
    case .symmetric(let shape): .symmetric(shape.at(effort, bits: bits))
    case .values(let shape, let table): .values(shape.at(effort, bits: bits), table)
    }
  }
}

extension SearchShape {
  /// The shape with an effort.
  ///
  /// What costs most is left out first: where stored scales are tried with their neighbours, those
  /// rounds; else half of the ladder.
  func at(_ effort: Effort, bits: Double) -> SearchShape {
    var shape = self
    switch effort {
    case .fast where rounds > 0:
      (shape.steps, shape.refits, shape.rounds) = (steps * 2 / 3, 1, 0)
    case .fast:
      (shape.steps, shape.refits) = ((steps + 1) / 2, 0)
    case .default:
      break
    case .best:
      (shape.steps, shape.refits) = (steps * 2, refits + 2)
      shape.rounds = subBlocks > 1 ? rounds + 2 : 0
      shape.evenness = Self.bestEvenness(bits: bits, evenness)
    }
    return shape
  }

  /// From 3 bits up, importance alone can decide: see `loadGroup`.
  static func bestEvenness(bits: Double, _ usual: Float) -> Float { bits < 3 ? usual : 12 }
}

extension GridShape {
  /// The shape with an effort.
  ///
  /// Costs that hold weights against the codebook's entries take most of the time; the ladder does
  /// without them, and what follows it decides.
  func at(_ effort: Effort, bits: Double) -> GridShape {
    var shape = self
    // `best` is held to the least error, and damping costs a percent of it.
    shape.base.dampsImportance = effort != .best
    shape.base.leastMean = 0.6
    switch effort {
    case .fast:
      shape.closeTrials = (closeTrials + 1) / 2
      shape.exactCodes = false
      shape.fitsLevels = true
    case .default:
      break
    case .best:
      shape.closeTrials = exactCodes ? max(9, closeTrials) : closeTrials
      shape.exactCodes = true
      shape.base.evenness = SearchShape.bestEvenness(bits: bits, base.evenness)
    }
    return shape
  }
}
