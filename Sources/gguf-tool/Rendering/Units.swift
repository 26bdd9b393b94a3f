// SPDX-License-Identifier: MIT

/// Numbers with their units, as people read them.
package enum Units {
  /// A size in both families of units, which differ by a tenth at this scale:
  /// `4.37 GiB (4.69 GB)`; small sizes as `512 bytes`.
  package static func bytes(_ count: Int) -> String {
    guard count.magnitude >= 1000 else { return exactBytes(count) }
    let binary = count.magnitude < 1024 ? exactBytes(count) : shortBytes(count)
    return "\(binary) (\(scaled(Double(count), by: 1000, ["bytes", "kB", "MB", "GB", "TB", "PB"])))"
  }

  /// A size in binary units alone: `4.37 GiB`.
  package static func shortBytes(_ count: Int) -> String {
    guard count.magnitude >= 1024 else { return exactBytes(count) }
    return scaled(Double(count), by: 1024, ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"])
  }

  /// A size to the byte: `4,692,000,000 bytes`.
  package static func exactBytes(_ count: Int) -> String {
    "\(grouped(count)) \(count == 1 ? "byte" : "bytes")"
  }

  /// A size for each second: `215.30 MiB/s`.
  package static func rate(_ bytesPerSecond: Double) -> String {
    guard bytesPerSecond.isFinite, bytesPerSecond < 1e18 else { return "–" }
    return shortBytes(Int(bytesPerSecond)) + "/s"
  }

  /// A number of things to three figures: `46.7 B`, `123 M`, `1,536`.
  package static func count(_ count: Int) -> String {
    guard count.magnitude >= 10_000 else { return grouped(count) }
    var value = Double(count)
    var unit = ""
    for next in ["K", "M", "B", "T"] where value.magnitude >= 999.5 {
      value /= 1000
      unit = " " + next
    }
    let digits = value.magnitude < 9.995 ? 2 : value.magnitude < 99.95 ? 1 : 0
    return fixed(value, digits) + unit
  }

  /// Bits for each weight: `4.83`.
  package static func bitsPerWeight(_ bits: Double) -> String { fixed(bits, 2) }

  /// A part of one: `62 %`, and `0.4 %` or `99.7 %` near the ends, where the digit matters.
  package static func percent(_ part: Double) -> String {
    guard part.isFinite else { return "– %" }
    let value = part * 100
    if value > 0 && value < 0.05 { return "< 0.1 %" }
    let isNearEnd = (value > 0 && value < 1) || (value > 99 && value < 100)
    return fixed(value, isNearEnd ? 1 : 0) + " %"
  }

  /// A time: `350 ms`, `12.3 s`, `3 min 12 s`, `5 h 3 min`, `2 d 4 h`.
  package static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e10 else { return "unknown" }
    if seconds < 0.9995 { return "\(Int((max(0, seconds) * 1000).rounded())) ms" }
    if seconds < 59.95 { return fixed(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    let minutes = whole / 60
    if minutes < 48 * 60 { return "\(minutes / 60) h \(minutes % 60) min" }
    return "\(minutes / 1440) d \(minutes % 1440 / 60) h"
  }

  /// A time, from a clock.
  package static func duration(_ duration: Duration) -> String {
    self.duration(seconds: duration / .seconds(1))
  }

  /// A number with its digits in groups: `1,234,567`.
  package static func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0 && index % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + String(text.reversed())
  }

  /// A number with a fixed count of decimals, always with a point: `4.83`.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-inf" : "inf" }
    let unit = power(10, decimals)
    let scaled = (value.magnitude * unit).rounded(.toNearestOrEven)
    guard scaled < 9e15 else { return "\(value)" }
    let digits = Int(scaled)
    let sign = value < 0 && digits > 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(digits) }
    let fraction = String(digits % Int(unit))
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(digits / Int(unit)).\(zeros)\(fraction)"
  }

  /// A number of any size to a few significant figures: `0.01234`, `1.235e-09`.
  package static func significant(_ value: Double, _ figures: Int = 4) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, 0) }
    var exponent = 0
    var mantissa = value.magnitude
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    if (-4..<6).contains(exponent) { return fixed(value, max(0, figures - 1 - exponent)) }
    let digits = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
    let sign = value < 0 ? "-" : ""
    return "\(sign)\(fixed(mantissa, figures - 1))e\(exponent < 0 ? "-" : "+")\(digits)"
  }

  private static func scaled(_ value: Double, by step: Double, _ units: [String]) -> String {
    var value = value
    var place = 0
    // A value that would be printed as 1024.00 belongs to the next unit.
    while value.magnitude >= step - 0.005 && place + 1 < units.count {
      value /= step
      place += 1
    }
    return "\(fixed(value, 2)) \(units[place])"
  }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
