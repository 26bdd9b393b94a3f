// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What `inspect` says of tensors.
extension Report {
  /// Tensors one by one, under a heading for each layer.
  mutating func add(_ tensors: [TensorInfo], fileCount: Int) {
    section("Tensors")
    let isSplit = fileCount > 1
    var table = Table(
      [.flexible("tensor"), .text("shape"), .text("type"), .number("size")]
        + (isSplit ? [.number("file")] : []))
    var stack: (String, Int?)?
    for tensor in tensors {
      let name = LayeredName(tensor.name)
      if stack == nil || stack ?? ("", nil) != (name.stack, name.layer) {
        stack = (name.stack, name.layer)
        table.beginGroup(name.layer.map { "\(name.stack).\($0)" } ?? "outside the layers")
      }
      table.add(
        [
          "  " + tensor.name, Text.shape(tensor.dimensions), tensor.type.name,
          tensor.byteCount.map(Units.shortBytes) ?? "unknown",
        ] + (isSplit ? ["\(tensor.shard + 1)"] : []))
    }
    self.table(table)
  }

  /// One tensor, its weights looked at.
  mutating func add(_ tensor: TensorInfo, statistics: TensorStatistics) {
    let number = { (value: Double) in Units.significant(value, 6) }
    section(tensor.name)
    facts([
      ("shape", "\(Text.shape(tensor.dimensions)) (\(Units.count(tensor.weightCount)) weights)"),
      ("type", Self.type(tensor)),
      ("size", tensor.byteCount.map(Units.bytes)),
      ("minimum", statistics.minimum.map { number(Double($0)) }),
      ("maximum", statistics.maximum.map { number(Double($0)) }),
      ("mean", number(statistics.mean)),
      ("deviation", "\(number(statistics.standardDeviation)) (standard)"),
      ("zeros", Self.share(statistics.zeroCount, statistics)),
      ("not finite", Self.share(statistics.nonFiniteCount, statistics)),
    ])
    add(values: statistics.firstValues)
    add(histogram: statistics.histogram)
  }

  private static func type(_ tensor: TensorInfo) -> String {
    let bits = tensor.type.layout.map { " (\(Units.bitsPerWeight($0.bitsPerWeight)) bits/weight)" }
    return tensor.type.name + (bits ?? "")
  }

  private static func share(_ count: Int, _ statistics: TensorStatistics) -> String {
    guard count > 0 else { return "none" }
    let part = Double(count) / Double(statistics.weightCount)
    return "\(Units.grouped(count)) (\(Units.percent(part)))"
  }

  private mutating func add(values: [Float]) {
    guard !values.isEmpty else { return }
    section(values.count == 1 ? "First weight" : "First \(values.count) weights")
    let texts = values.map { Units.significant(Double($0), 5) }
    let width = texts.map(Text.width).max() ?? 0
    for start in stride(from: 0, to: texts.count, by: 4) {
      line(
        texts[start..<min(start + 4, texts.count)]
          .map { Text.padded($0, to: width, rightAligned: true) }.joined(separator: "  "))
    }
  }

  /// Bars of blocks, the longest 40 cells; the first and last bin hold what lies outside.
  private mutating func add(histogram bins: TensorStatistics.Histogram) {
    guard bins.count > 1 else { return }
    section("Histogram (the first and last bars include all values beyond them)")
    var table = Table([.number("from"), .text(""), .number("weights")])
    let most = Double(bins.map(\.count).max() ?? 1)
    for bin in bins {
      table.add(
        Units.significant(Double(bin.from), 4),
        Text.padded(Self.bar(Double(bin.count) / most * 40), to: 40), Units.count(bin.count))
    }
    self.table(table)
  }

  /// A bar to an eighth of a cell.
  private static func bar(_ length: Double) -> String {
    let eighths = Int((length * 8).rounded())
    let whole = String(repeating: "█", count: eighths / 8)
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return whole + (eighths == 0 && length > 0 ? "▏" : parts[eighths % 8])
  }
}
