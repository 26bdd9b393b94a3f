// SPDX-License-Identifier: MIT
internal import BlockFormats

/// Scale and min of a sub-block in 16 rows, as they are stored.
struct ScaleState {
  private let scaleRule: ScaleRule
  private let minRule: MinRule
  var scaleCode: Lanes
  var minCode: Lanes
  /// The half of the block, or the sub-block's own scale.
  var scale: Lanes
  /// Likewise.
  var min: Lanes

  init(_ shape: FeedbackShape, scaleCode: Lanes, minCode: Lanes, scale: Lanes, min: Lanes) {
    (scaleRule, minRule) = (shape.scale, shape.min)
    self.scaleCode = scaleCode
    self.minCode = minCode
    self.scale = scale
    self.min = min
  }

  /// What values are multiplied by.
  var a: Lanes {
    guard case .codes(let base, let step, _) = scaleRule else { return scale }
    return scale * (Lanes(repeating: base) + Lanes(repeating: step) * scaleCode)
  }

  /// What is taken off.
  var b: Lanes {
    switch minRule {
    case .none: .zero
    case .codes: min * minCode
    case .half: min
    }
  }
}

/// The scales and mins that are tried for a sub-block in 16 rows.
struct ScaleTrials {
  private(set) var states: [ScaleState] = []
  private(set) var scales: [Lanes] = []
  private(set) var mins: [Lanes] = []

  fileprivate mutating func add(_ state: ScaleState) {
    states.append(state)
    scales.append(state.a)
    mins.append(state.b)
  }

  /// Takes over one of them in one row.
  func take(_ trial: Int, _ lane: Int, into state: inout ScaleState) {
    state.scaleCode[lane] = states[trial].scaleCode[lane]
    state.minCode[lane] = states[trial].minCode[lane]
    state.scale[lane] = states[trial].scale[lane]
    state.min[lane] = states[trial].min[lane]
  }
}

extension FeedbackShape {
  /// The neighbours of a scale and min, themselves first.
  func trials(around state: ScaleState) -> ScaleTrials {
    var trials = ScaleTrials()
    for scale in scaleSteps {
      for min in minSteps {
        var trial = state
        move(&trial, scale, min)
        trials.add(trial)
      }
    }
    return trials
  }

  /// Steps around 0, it being first.
  private static func around(_ count: Int) -> [Int] {
    [0] + (1...count).flatMap { [$0, -$0] }
  }

  private var scaleSteps: [Int] {
    if case .grid = codes { return Self.around(2) }
    switch scale {
    case .codes, .half: return Self.around(4)
    case .power: return Self.around(1)
    case .listed: return Self.around(3)
    }
  }

  private var minSteps: [Int] {
    switch min {
    case .none: [0]
    case .codes: Self.around(4)
    case .half: Self.around(2)
    }
  }

  private func move(_ state: inout ScaleState, _ scale: Int, _ min: Int) {
    let present = state.a
    for lane in 0..<laneCount {
      switch self.scale {
      case .codes(_, _, let range):
        state.scaleCode[lane] = (state.scaleCode[lane] + Float(scale)).clamped(to: range)
      case .half:
        state.scale[lane] = nearestHalf(state.scale[lane] * (1 + 0.03 * Float(scale)))
      case .power(let range):
        state.scale[lane] = Self.power(state.scale[lane], scale, range)
      case .listed(let list):
        state.scale[lane] = Self.neighbour(state.scale[lane], scale, list)
      }
      switch self.min {
      case .none: break
      case .codes(let range):
        state.minCode[lane] = (state.minCode[lane] + Float(min)).clamped(to: range)
      case .half where min != 0:
        state.min[lane] = nearestHalf(state.min[lane] + 0.3 * Float(min) * present[lane])
      case .half: break
      }
    }
  }

  /// A power of two, doubled or halved so many times, within limits.
  static func power(_ value: Float, _ steps: Int, _ range: ClosedRange<Int>) -> Float {
    guard value > 0 else { return value }
    return Float(
      sign: .plus, exponent: (Int(value.exponent) + steps).clamped(to: range), significand: 1)
  }

  /// A number of a rising list, so many places further.
  static func neighbour(_ value: Float, _ steps: Int, _ list: [Float]) -> Float {
    let place = list.firstIndex { $0 >= value } ?? list.count - 1
    return list[(place + steps).clamped(to: 0...list.count - 1)]
  }
}

extension Comparable {
  /// The nearest within limits.
  func clamped(to range: ClosedRange<Self>) -> Self {
    min(max(self, range.lowerBound), range.upperBound)
  }
}
