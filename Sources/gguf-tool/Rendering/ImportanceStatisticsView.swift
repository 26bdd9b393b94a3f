// SPDX-License-Identifier: MIT
package import Quant

/// What an importance matrix says of tensors, layers and experts.
package struct ImportanceStatisticsView {
  let path: String
  let matrix: ImportanceMatrix
  let statistics: ImportanceStatistics

  /// Computes the statistics of a matrix.
  package init(_ matrix: ImportanceMatrix) {
    path = matrix.path
    self.matrix = matrix
    statistics = ImportanceStatistics(matrix)
  }

  private struct JSON: Encodable {
    let importanceMatrix: ImportanceSummary
    let statistics: ImportanceStatistics
    let rareExperts: [ExpertCoverage.Layer]
  }

  /// Shows the result.
  func show(isJSON: Bool) throws {
    let coverage = ExpertCoverage(matrix)
    guard !isJSON else {
      return try JSONOutput.write(
        JSON(
          importanceMatrix: ImportanceSummary(matrix), statistics: statistics,
          rareExperts: coverage.layers))
    }
    var report = Report()
    report.add(ImportanceSummary(matrix))
    report.section("Activations by tensor")
    report.table(tensorTable)
    report.section("Activations by layer")
    report.table(layerTable)
    for map in maps {
      report.section(map.title)
      for line in map.lines(width: Terminal.output.width - 2) { report.verbatim(line) }
    }
    report.add(coverage)
    try report.write()
  }

  private var tensorTable: Table {
    var table = Table([
      .flexible("tensor"), .number("sum"), .number("share"), .number("active"), .number("entropy"),
      .number("evenness"), .number("z > 1"), .number("cosine"),
    ])
    for tensor in statistics.tensors {
      table.add(
        tensor.name, Units.significant(tensor.sum), Units.percent(tensor.share),
        Units.percent(tensor.activeShare), Units.fixed(tensor.entropy, 2),
        Units.percent(tensor.evenness), Units.percent(tensor.zDensity),
        tensor.cosine.map { Units.fixed($0, 4) } ?? "–")
    }
    return table
  }

  private var layerTable: Table {
    var table = Table([
      .number("layer"), .number("tensors"), .number("sum"), .number("share"),
    ])
    for layer in statistics.layers {
      table.add(
        "\(layer.layer)", "\(layer.tensors)", Units.significant(layer.sum),
        Units.percent(layer.share))
    }
    return table
  }

  /// Parts by layers, and layers by experts where there are any.
  package var maps: [HeatMap] {
    let activations = HeatMap(
      title: "Activations, part by layer", unit: "a part's mean", rows: partRows)
    let experts = HeatMap(
      title: "Tokens of experts, layer by expert", unit: "even use", rows: expertRows)
    return [activations, experts].filter { $0.columns > 0 }
  }

  /// All layers up to the last; a name may claim any number, and then only those that are there.
  private var layerNumbers: [Int] {
    guard let last = statistics.layers.last?.layer, last < 4096 else {
      return statistics.layers.map(\.layer)
    }
    return Array(0...last)
  }

  private var partRows: [HeatMap.Row] {
    let numbers = layerNumbers
    let parts = Dictionary(grouping: statistics.tensors.filter { $0.layer != nil }, by: \.part)
    return parts.sorted { $0.key < $1.key }.map { part, tensors in
      let mean = tensors.reduce(0) { $0 + $1.sum } / Double(tensors.count)
      let places = Dictionary(
        tensors.map { ($0.layer ?? 0, $0) }, uniquingKeysWith: { first, _ in first })
      return HeatMap.Row(
        label: part,
        values: numbers.map { layer in
          places[layer].map { mean > 0 ? $0.sum / mean : 0 }
        },
        texts: numbers.map { layer in
          places[layer].map { "\($0.name): sum \(Units.significant($0.sum))" } ?? ""
        })
    }
  }

  private var expertRows: [HeatMap.Row] {
    var rows: [Int: HeatMap.Row] = [:]
    for tensor in statistics.tensors {
      guard let layer = tensor.layer, let counts = tensor.expertCounts, rows[layer] == nil else {
        continue
      }
      let mean = counts.reduce(0.0) { $0 + Double($1) } / Double(max(1, counts.count))
      rows[layer] = HeatMap.Row(
        label: "layer \(layer)", values: counts.map { mean > 0 ? Double($0) / mean : 0 },
        texts: counts.enumerated().map {
          "layer \(layer), expert \($0.offset): \(Units.grouped($0.element)) tokens"
        })
    }
    return rows.sorted { $0.key < $1.key }.map(\.value)
  }
}
