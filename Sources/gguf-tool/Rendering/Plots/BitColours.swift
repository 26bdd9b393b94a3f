// SPDX-License-Identifier: MIT
import Foundation

/// Colours for bits a weight, from pale for few to dark for many.
///
/// The scale is logarithmic: from 2 to 3 bits matters as much as from 8 to 12. Its lightness falls
/// all the way, so that it survives a printer and any colour blindness.
struct BitColours {
  private static let stops: [SIMD3<Double>] = [
    [255, 247, 188], [199, 233, 180], [127, 205, 187], [65, 182, 196], [44, 127, 184],
    [37, 52, 148],
  ]

  let range: ClosedRange<Double>

  /// Makes a scale for bits; `nil` without any.
  init?(_ bits: [Double]) {
    guard let least = bits.min(), let most = bits.max() else { return nil }
    range = least...most
  }

  /// Whether a number may be a count of bits; others are drawn grey.
  static func canShow(_ bits: Double) -> Bool { bits > 0 && bits <= 1024 }

  /// A colour as `#rrggbb`.
  func colour(_ bits: Double) -> String {
    guard Self.canShow(bits) else { return "#9a9a9a" }
    let hex = mixed(bits)
    return "#" + [hex.x, hex.y, hex.z].map(Self.hex).joined()
  }

  /// A colour for text upon it: black or white, whichever is farther in lightness.
  func ink(_ bits: Double) -> String {
    guard Self.canShow(bits) else { return "#000000" }
    let lightness = (mixed(bits) * SIMD3(0.299, 0.587, 0.114)).sum()
    return lightness > 140 ? "#000000" : "#ffffff"
  }

  /// A row of colours with their bits.
  func legend() -> String {
    var shown: Set<String> = []
    let swatches = samples.filter { shown.insert(Self.label($0)).inserted }.map { bits in
      Markup.text(
        "li", Self.label(bits), ["style": "background:\(colour(bits));color:\(ink(bits))"])
    }
    return Markup.element("ul", ["class": "scale"], swatches.joined())
  }

  /// Bits without zeros at their end: `4.5`, `3`.
  private static func label(_ bits: Double) -> String {
    var text = Units.bitsPerWeight(bits)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }

  /// The ends and round numbers between them.
  private var samples: [Double] {
    let (least, most) = (range.lowerBound, range.upperBound)
    let round = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 12, 16].filter { bits in
      bits > least * 1.1 && bits < most / 1.1
    }
    return most > least ? [least] + round + [most] : [least]
  }

  private func mixed(_ bits: Double) -> SIMD3<Double> {
    let place = part(bits) * Double(Self.stops.count - 1)
    let lower = min(Int(place), Self.stops.count - 2)
    let (a, b) = (Self.stops[lower], Self.stops[lower + 1])
    return a + (b - a) * (place - Double(lower))
  }

  /// Where bits lie on the scale, from 0 to 1; in its middle if all are equal.
  private func part(_ bits: Double) -> Double {
    guard range.upperBound > range.lowerBound else { return 0.5 }
    let part = log2(bits / range.lowerBound) / log2(range.upperBound / range.lowerBound)
    return min(1, max(0, part))
  }

  private static func hex(_ value: Double) -> String {
    let digits = String(Int(value.rounded()), radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }
}
