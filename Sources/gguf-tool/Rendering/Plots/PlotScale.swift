// SPDX-License-Identifier: MIT
import Foundation

/// One axis of a plot: where values lie, in pixels, and the round numbers marked on it.
package struct PlotScale {
  /// How values are spread.
  package enum Style {
    case linear
    /// By the logarithm. Values that are zero, or less, or smaller than any that matter have a line of
    /// their own beyond the axis.
    case logarithmic
    /// By the logarithm if they reach over more than a factor of `logarithmicRatio`.
    case fitting
    /// By the logarithm of the distance from a level, but evenly within half a percent of it: shows
    /// what costs one percent beside what doubles the value.
    case widened(around: Double)
  }

  /// A number written at the axis; positions are pixels.
  package struct Tick: Equatable {
    package let position: Double
    package let label: String
  }

  private static let logarithmicRatio = 6.0
  private static let evenPart = 0.005
  /// Values this much smaller than the largest are noise: they would push all others together.
  private static let smallestPart = 1e-7
  /// Pixels from the end of a logarithmic axis to the line for zero.
  private static let zeroGap = 22.0

  /// How values are spread, once it is decided whether the logarithm fits.
  let style: Style
  package private(set) var ticks: [Tick] = []
  private let start: Double
  private let end: Double
  private let lower: Double
  private let upper: Double
  private let zero: Double?

  /// Makes an axis for values.
  ///
  /// - Parameters:
  ///   - values: All that is to be shown; those that `canShow` refuses are ignored.
  ///   - style: How they are spread.
  ///   - start: The pixel where the axis begins; may be more than `end`.
  ///   - end: The pixel where it ends.
  ///   - spacing: Pixels that a tick needs.
  package init(
    _ values: [Double], _ style: Style, from start: Double, to end: Double, spacing: Double
  ) {
    let values = values.filter(Self.canShow)
    let smallest = (values.max() ?? 0) * Self.smallestPart
    let positive = values.filter { $0 > 0 && $0 >= smallest }
    let form = Self.decided(style, values, positive)
    (self.style, self.end) = (form, end)
    if case .logarithmic = form {
      let hasZero = positive.count < values.count
      zero = hasZero ? start : nil
      self.start = hasZero ? start + (end > start ? Self.zeroGap : -Self.zeroGap) : start
      (lower, upper) = Self.range(positive.map { log10($0) }, least: 0.5)
    } else {
      (zero, self.start) = (nil, start)
      // Where all is zero, the unit above it is as good as any.
      let isZero = values.allSatisfy { $0 == 0 }
      (lower, upper) =
        isZero ? (0, 1) : Self.range(values.map { form.place($0) }, least: form.leastSpan)
    }
    ticks = makeTicks(spacing: spacing)
  }

  /// Whether a value has a place on any axis.
  package static func canShow(_ value: Double) -> Bool { value.magnitude < 1e200 }

  /// The pixel of a value; values beyond the axis lie at its ends.
  package func position(_ value: Double) -> Double {
    let place = style.place(value)
    if let zero, !(place >= lower) { return zero }
    // Written so that what has no place, a logarithm of a negative number, lies at the start.
    let part = (place - lower) / (upper - lower)
    return start + (part > 0 ? min(1, part) : 0) * (end - start)
  }

  private static func decided(_ style: Style, _ values: [Double], _ positive: [Double]) -> Style {
    let (least, most) = (positive.min() ?? 0, positive.max() ?? 0)
    switch style {
    case .logarithmic: return positive.isEmpty ? .linear : style
    case .fitting:
      let isWide = values.count == positive.count && most > logarithmicRatio * least
      return isWide ? .logarithmic : .linear
    case .widened(let level): return level > 1e-100 && canShow(level) ? style : .linear
    case .linear: return style
    }
  }

  /// The ends of an axis with some room; values that are all but equal get the least span.
  private static func range(_ places: [Double], least: Double) -> (Double, Double) {
    let (lower, upper) = (places.min() ?? 0, places.max() ?? 0)
    let span = upper - lower
    let isPoint = span <= 1e-9 * max(upper.magnitude, lower.magnitude)
    let wanted = isPoint ? max(least, 0.2 * upper.magnitude) : max(least, 1.12 * span)
    let room = (wanted - span) / 2
    return (lower - room, upper + room)
  }

  private func makeTicks(spacing: Double) -> [Tick] {
    var ticks: [Tick] = []
    for number in roundNumbers(spacing) {
      let place = position(number.value)
      guard ticks.allSatisfy({ ($0.position - place).magnitude >= spacing }) else { continue }
      ticks.append(Tick(position: place, label: number.label))
    }
    ticks.sort { ($0.position < $1.position) == (start < end) }
    if let zero { ticks.insert(Tick(position: zero, label: "0"), at: 0) }
    return ticks
  }
}

extension PlotScale {
  private typealias RoundNumber = (value: Double, label: String)

  /// Round numbers on the axis, the roundest first: where there is no room, those that come later
  /// give way.
  private func roundNumbers(_ spacing: Double) -> [RoundNumber] {
    let (low, high) = (style.value(at: lower), style.value(at: upper))
    switch style {
    case .linear, .fitting:
      let part = spacing / (end - start).magnitude
      let step = Self.steps(high - low).last { $0 >= part * (high - low) }
      return step.map { Self.multiples(of: $0, low, high) } ?? []
    case .logarithmic where upper - lower >= 1:
      return Self.decades(lower, upper)
    case .logarithmic, .widened:
      return Self.steps(high - low).flatMap { step in
        Self.multiples(of: step, low, high).filter { hasRoom(for: step, at: $0.value, spacing) }
      }
    }
  }

  /// Whether multiples of a step have room for their labels where a value lies: on an uneven axis
  /// each part has its own step.
  private func hasRoom(for step: Double, at value: Double, _ spacing: Double) -> Bool {
    let pixels = (end - start).magnitude / (upper - lower)
    return [value - step, value + step].allSatisfy { neighbour in
      !((style.place(neighbour) - style.place(value)).magnitude * pixels < 0.8 * spacing)
    }
  }

  private static func decades(_ lower: Double, _ upper: Double) -> [RoundNumber] {
    let exponents = Int(lower.rounded(.down))...Int(upper.rounded(.down))
    let step = max(1, exponents.count / 6)
    let digits: [Double] = exponents.count <= 4 ? [1, 5, 2] : [1]
    return digits.flatMap { digit in
      stride(from: exponents.lowerBound, through: exponents.upperBound, by: step)
        .map { digit * pow(10, Double($0)) }
    }.filter { (lower...upper).contains(log10($0)) }.map { ($0, label($0)) }
  }

  /// 1, 2 and 5 times powers of ten, from about a span down to a ten-thousandth of it.
  private static func steps(_ span: Double) -> [Double] {
    guard span > 0, span.isFinite else { return [] }
    let top = Int(log10(span).rounded(.up))
    return stride(from: top, through: top - 4, by: -1).flatMap { power in
      [5.0, 2, 1].map { $0 * pow(10, Double(power)) }
    }
  }

  private static func multiples(
    of step: Double, _ low: Double, _ high: Double
  ) -> [RoundNumber] {
    let decimals = Int(max(0, -log10(step).rounded(.down)))
    let (first, last) = ((low / step).rounded(.up), (high / step).rounded(.down))
    // Finer steps have no room anywhere; beside large numbers a small step may even vanish.
    guard first.isFinite, last >= first, last - first < 1000, first.magnitude < 1e12 else {
      return []
    }
    return stride(from: first, through: last, by: 1).map { multiple in
      let value = multiple * step
      return (value, decimals <= 6 && value < 1e6 ? Units.fixed(value, decimals) : label(value))
    }
  }

  private static func label(_ value: Double) -> String {
    value >= 10 && value < 1e6 ? Units.fixed(value, 0) : Units.significant(value, 1)
  }
}

extension PlotScale.Style {
  /// What the name of an axis adds, so that nobody takes it for an even one.
  var note: String {
    switch self {
    case .linear, .fitting: ""
    case .logarithmic: " (logarithmic)"
    case .widened: " (widened near the model's own)"
    }
  }

  /// Where a value lies before it is fitted to pixels.
  fileprivate func place(_ value: Double) -> Double {
    switch self {
    case .linear, .fitting: value
    case .logarithmic: log10(value)
    case .widened(let level): asinh((value - level) / (level * PlotScale.evenPart))
    }
  }

  /// The value at a place.
  fileprivate func value(at place: Double) -> Double {
    switch self {
    case .linear, .fitting: place
    case .logarithmic: pow(10, place)
    case .widened(let level): level + level * PlotScale.evenPart * sinh(place)
    }
  }

  /// The least that an axis reaches over.
  fileprivate var leastSpan: Double {
    if case .widened = self { 2 } else { 1e-6 }
  }
}
