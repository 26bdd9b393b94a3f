// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantEvaluation
internal import QuantModels

extension FeedbackWork {
  /// Passes of coordinate descent on E H Eᵀ, E being targets less restored weights: each column's value,
  /// then the sub-block's scale and min, then the block's halves; each step only if the form falls.
  func descend(passes: Int) throws(QuantError) {
    restore()
    try findGradient()
    for _ in 0..<passes {
      for panel in panels {
        for subBlock in subBlocks(of: panel) {
          let columns = columns(of: subBlock)
          memory.load(moments.form, columns)
          for row in groups { descend(subBlock, columns, row) }
          try push(moments.form, from: columns, to: panel)
        }
        try fitHalves(of: panel)
        for other in panels where other != panel {
          try push(moments.form, from: panel, to: other)
        }
      }
    }
  }

  /// Restores all weights from values and scales.
  private func restore() {
    for subBlock in 0..<tile.columns / shape.subBlock {
      for row in groups {
        let state = scaleState(subBlock, row)
        let (a, b) = (state.a, state.b)
        for column in columns(of: subBlock) {
          let offset = column * tile.stride + row
          unsafe store(a * lanes(tile.values + offset) - b, restored.base + offset)
        }
      }
    }
  }

  /// The gradient: (targets - restored) · H.
  private func findGradient() throws(QuantError) {
    for row in 0..<errors.rows {
      for column in stride(from: 0, to: errors.stride, by: laneCount) {
        let offset = row * errors.stride + column
        unsafe store(
          lanes(weights.base + offset) - lanes(restored.base + offset), errors.base + offset)
      }
    }
    moving.clear()
    for panel in panels {
      for other in panels { try push(moments.form, from: other, to: panel) }
    }
  }

  private func descend(_ subBlock: Int, _ columns: Range<Int>, _ row: Int) {
    let offset = columns.lowerBound * tile.stride + row
    for index in 0..<columns.count {
      unsafe memory.gradient[index] = lanes(moving.base + offset + index * tile.stride)
    }
    let part = part(columns, row, metrics: moments.formMetrics)
    var state = scaleState(subBlock, row)
    kernels.descend(part, shape.codes, state.a, state.b)
    let before = state
    state.fitScale(shape, kernels.fit(part))
    if state.a != before.a { kernels.move(part, state.a - before.a, .zero) }
    if shape.hasMin {
      state.fitMin(shape, kernels.fit(part))
      if state.b != before.b { kernels.move(part, .zero, state.b - before.b) }
    }
    put(state, subBlock, row)
  }

  // MARK: Halves

  /// Fits the halves that sub-blocks share, to all columns of each block of a panel.
  private func fitHalves(of panel: Range<Int>) throws(QuantError) {
    guard !shape.hasOwnScales else { return }
    for start in stride(from: panel.lowerBound, to: panel.upperBound, by: shape.blockWeights) {
      let columns = start..<start + shape.blockWeights
      try fitHalf(columns, isMin: false)
      if case .codes = shape.min { try fitHalf(columns, isMin: true) }
    }
  }

  /// One half of a block: d (what it multiplies is code · value), or that of the mins (minus code).
  private func fitHalf(_ columns: Range<Int>, isMin: Bool) throws(QuantError) {
    let factor = Matrix(rows: columns.count, columns: tile.stride)
    fill(factor, columns, isMin: isMin)
    let product = Matrix(rows: columns.count, columns: tile.stride)
    product.clear()
    try products.add(
      moments.form.rows(columns).columns(columns), xIsTransposed: true, factor, to: product)
    var isChanged = false
    let change = Matrix(rows: columns.count, columns: tile.stride)
    for row in groups {
      let step = step(columns, row, factor, product, isMin: isMin)
      isChanged = isChanged || step != Lanes.zero
      for index in 0..<columns.count {
        let offset = (columns.lowerBound + index) * tile.stride + row
        let growth = unsafe step * lanes(factor.base + index * tile.stride + row)
        unsafe store(lanes(restored.base + offset) + growth, restored.base + offset)
        unsafe store(Lanes.zero - growth, change.base + index * tile.stride + row)
      }
    }
    guard isChanged else { return }
    try push(change, columns)
  }

  /// What a half multiplies, in every column.
  private func fill(_ factor: Matrix, _ columns: Range<Int>, isMin: Bool) {
    guard case .codes(let base, let step, _) = shape.scale else { return }
    for index in 0..<columns.count {
      let subBlock = (columns.lowerBound + index) / shape.subBlock
      for row in groups {
        let code = subBlock * tile.stride + row
        let value = (columns.lowerBound + index) * tile.stride + row
        let number =
          unsafe isMin
          ? Lanes.zero - lanes(tile.minCodes + code)
          : (Lanes(repeating: base) + Lanes(repeating: step) * lanes(tile.scaleCodes + code))
            * lanes(tile.values + value)
        unsafe store(number, factor.base + index * tile.stride + row)
      }
    }
  }

  /// By how much a half changes in 16 rows; it is stored.
  private func step(
    _ columns: Range<Int>, _ row: Int, _ factor: Matrix, _ product: Matrix, isMin: Bool
  ) -> Lanes {
    var (slope, curvature) = (Lanes.zero, Lanes.zero)
    for index in 0..<columns.count {
      let offset = index * tile.stride + row
      let gradient = unsafe lanes(
        moving.base + (columns.lowerBound + index) * tile.stride + row)
      unsafe slope += gradient * lanes(factor.base + offset)
      unsafe curvature += lanes(product.base + offset) * lanes(factor.base + offset)
    }
    let place = tile.half(ofSubBlock: columns.lowerBound / shape.subBlock) + row
    let halves = unsafe (isMin ? tile.mins : tile.scales) + place
    var step = Lanes.zero
    for lane in 0..<laneCount {
      let old = unsafe halves[lane]
      let new = fittedHalf(old, slope[lane], curvature[lane])
      step[lane] = new - old
      unsafe halves[lane] = new
    }
    return step
  }

  /// Adds what a change of a block's columns moves in its panel, and to what later panels are told.
  private func push(_ change: Matrix, _ columns: Range<Int>) throws(QuantError) {
    let panel = panels.first { $0.contains(columns.lowerBound) } ?? columns
    try products.add(
      moments.form.rows(columns).columns(panel), xIsTransposed: true, change,
      to: moving.rows(panel))
    let target = errors.rows(columns)
    for index in 0..<columns.count {
      for row in groups {
        let (from, to) = (index * tile.stride + row, index * target.stride + row)
        unsafe store(lanes(target.base + to) + lanes(change.base + from), target.base + to)
      }
    }
  }
}

extension FeedbackShape {
  var hasMin: Bool {
    if case .none = min { false } else { true }
  }
}

/// The half where the form is least, if it is less there than at `old`.
func fittedHalf(_ old: Float, _ slope: Float, _ curvature: Float) -> Float {
  guard curvature > 0 else { return old }
  let new = nearestHalf(old + slope / curvature)
  return FeedbackFit.falls(by: new - old, slope, curvature) ? new : old
}

extension FeedbackFit {
  /// Whether the form falls if a number grows by so much.
  static func falls(by step: Float, _ slope: Float, _ curvature: Float) -> Bool {
    step != 0 && 2 * step * slope - step * step * curvature > 0
  }
}

extension ScaleState {
  /// Steps of the stored scale to where the form is least.
  mutating func fitScale(_ shape: FeedbackShape, _ fit: FeedbackFit) {
    for lane in 0..<laneCount {
      let (slope, curvature) = (fit.scaleSlope[lane], fit.scaleCurvature[lane])
      switch shape.scale {
      case .codes(_, let step, let range):
        scaleCode[lane] = Self.code(
          scaleCode[lane], unit: scale[lane] * step, slope, curvature, range)
      case .half: scale[lane] = fittedHalf(scale[lane], slope, curvature)
      case .power(let range):
        scale[lane] = Self.best(scale[lane], slope, curvature) {
          FeedbackShape.power(scale[lane], $0, range)
        }
      case .listed(let list):
        scale[lane] = Self.best(scale[lane], slope, curvature) {
          FeedbackShape.neighbour(scale[lane], $0, list)
        }
      }
    }
  }

  /// Steps of the stored min likewise.
  mutating func fitMin(_ shape: FeedbackShape, _ fit: FeedbackFit) {
    for lane in 0..<laneCount {
      let (slope, curvature) = (fit.minSlope[lane], fit.minCurvature[lane])
      switch shape.min {
      case .none: break
      case .codes(let range):
        minCode[lane] = Self.code(minCode[lane], unit: min[lane], slope, curvature, range)
      case .half: min[lane] = fittedHalf(min[lane], slope, curvature)
      }
    }
  }

  /// A code, up to two steps further: what it stores is `unit` times as much.
  private static func code(
    _ old: Float, unit: Float, _ slope: Float, _ curvature: Float, _ range: ClosedRange<Float>
  ) -> Float {
    let (slope, curvature) = (slope * unit, curvature * unit * unit)
    guard curvature > 0 else { return old }
    let step = (slope / curvature).rounded(.toNearestOrEven).clamped(to: -2...2)
    let new = (old + step).clamped(to: range)
    return FeedbackFit.falls(by: new - old, slope, curvature) ? new : old
  }

  /// The best of the neighbours of a stored number.
  private static func best(
    _ old: Float, _ slope: Float, _ curvature: Float, _ neighbour: (Int) -> Float
  ) -> Float {
    var (best, gain) = (old, Float(0))
    for steps in [-1, 1] {
      let step = neighbour(steps) - old
      let found = 2 * step * slope - step * step * curvature
      if found > gain { (best, gain) = (old + step, found) }
    }
    return best
  }
}

/// Stores 16 numbers.
@unsafe func store(_ value: Lanes, _ target: UnsafeMutablePointer<Float>) {
  unsafe UnsafeMutableRawPointer(target).storeBytes(of: value, as: Lanes.self)
}
