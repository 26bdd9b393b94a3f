// SPDX-License-Identifier: MIT
import BlockKernels
import Foundation
import GGUF
import Quant
import Testing

/// Encoders with error feedback, on moments of few directions such as models have.
@Suite("Error feedback")
struct FeedbackTests {
  static let formats = FormatRegistry.all.compactMap { $0 as? any FeedbackFormat.Type }
  static let names = formats.map { $0.type.name }

  private func format(_ name: String) throws -> any FeedbackFormat.Type {
    try #require(Self.formats.first { $0.type.name == name })
  }

  @Test func `all types that presets write have it`() {
    let lacking = FormatRegistry.all.filter {
      $0.type.isQuantized && !$0.facts.fileTypes.isEmpty && !($0 is any FeedbackFormat.Type)
    }
    #expect(lacking.map { $0.type.name } == [])
  }

  @Test(arguments: names)
  func `codes that nothing changes are those of the encoder`(name: String) throws {
    let format = try format(name)
    let (rows, columns) = (3, 512)
    var random = Random(seed: 3)
    let weights = (0..<rows * columns).map { _ in random.weight() }
    let importance = (0..<columns).map { _ in random.unit() + 0.1 }
    let tile = FeedbackTile(format.feedback, rows: rows, columns: columns)
    format.begin(
      weights.span, importance: importance.span, effort: .default, in: tile, by: .current)
    let size = columns / format.layout.weightsPerBlock * format.layout.bytesPerBlock
    var packed = [UInt8](repeating: 0, count: rows * size)
    for row in 0..<rows {
      var storage = packed.mutableSpan
      var all = storage.mutableBytes
      var window = all.slice(row * size..<(row + 1) * size)
      format.pack(tile, row: row, into: &window)
    }
    let encoded = plain(format, weights, columns, importance)
    #expect(format.decode(packed) == format.decode(encoded))
  }

  @Test(arguments: names)
  func `outputs come nearer on rows that were held out`(name: String) throws {
    let format = try format(name)
    let problem = try Problem(rows: 48, columns: 512, format)
    let found = try problem.encode(Workers(count: 2))
    // With eight bits nothing is lost: there the error is that of half-precision scales.
    let limit =
      format.layout.bitsPerWeight > 8 ? 1.0 : format.layout.bitsPerWeight > 6 ? 0.95 : 0.85
    #expect(found.error < limit * found.presentError, "\(found.error / found.presentError)")
  }

  @Test(arguments: ["Q2_K", "IQ3_S", "Q4_0"])
  func `neither threads nor pieces change bytes`(name: String) throws {
    let format = try format(name)
    let problem = try Problem(rows: 160, columns: 256, format, hasDebts: true)
    let whole = try problem.encode(Workers(count: 1))
    #expect(try problem.encode(Workers(count: 3)).bytes == whole.bytes)
    let first = try problem.encode(Workers(count: 2), 0..<64)
    let second = try problem.encode(Workers(count: 2), 64..<160)
    #expect(first.bytes + second.bytes == whole.bytes)
    #expect(abs(first.error + second.error - whole.error) <= 1e-9 * whole.error)
  }

  @Test func `columns that nothing comes to are harmless`() throws {
    for name in Self.names {
      let format = try format(name)
      let problem = try Problem(rows: 16, columns: 256, format, deadColumns: 0..<40)
      let found = try problem.encode(Workers(count: 1))
      let isFinite = format.decode(found.bytes).allSatisfy { $0.isFinite }
      #expect(isFinite, "\(name)")
      #expect(found.error < found.presentError || format.layout.bitsPerWeight > 8, "\(name)")
    }
  }

  @Test(arguments: [1, 4, 8])
  func `a form is the product of its factors`(group: Int) throws {
    let problem = try Problem(rows: 16, columns: 256, Q2_K.self)
    let moments = try PreparedMoments(
      problem.moments, group: group, settings: CalibrationSettings(), Workers(count: 2))
    let n = moments.columns
    func factor(_ row: Int, _ column: Int) -> Double {
      row == column ? 1 : Double(moments.coefficients[row, column])
    }
    for (row, column) in [(0, 0), (3, 200), (17, 18), (100, 60), (255, 255), (250, 247)] {
      var sum = 0.0
      for start in stride(from: 0, to: n, by: group) {
        for i in 0..<group {
          for j in 0..<group {
            let metric = Double(moments.metrics[start * group + i * group + j])
            sum += factor(row, start + i) * metric * factor(column, start + j)
          }
        }
      }
      #expect(abs(sum - Double(moments.form[row, column])) < 2e-4, "\(row), \(column)")
    }
  }

  @Test func `sums that are not finite are refused`() throws {
    let moments = SecondMoments(
      columns: 32, hasShifts: false, heldOutLimit: 0, name: "what goes into \"a\"")
    let x = Matrix(rows: 2, columns: 32)
    x.clear()
    x[1, 5] = .nan
    try moments.add(x, Workers(count: 1))
    #expect {
      try moments.finish(Workers(count: 1))
    } throws: { "\($0)".contains("column 5") && "\($0)".contains("finite") }
  }
}

/// A plain encoding.
private func plain(
  _ format: any FeedbackFormat.Type, _ weights: [Float], _ columns: Int, _ importance: [Float]
) -> [UInt8] {
  var blocks = [UInt8](
    repeating: 0,
    count: weights.count / format.layout.weightsPerBlock * format.layout.bytesPerBlock)
  var storage = blocks.mutableSpan
  var raw = storage.mutableBytes
  format.encode(
    weights.span, rowWeights: columns, importance: importance.span, into: &raw)
  return blocks
}

/// A matrix, the moments of its inputs, and its plain encoding.
private struct Problem {
  let format: any FeedbackFormat.Type
  let weights: Matrix
  let moments: SecondMoments
  private let prepared: PreparedMoments
  private let present: [UInt8]

  init(
    rows: Int, columns: Int, _ format: any FeedbackFormat.Type, hasDebts: Bool = false,
    deadColumns: Range<Int> = 0..<0
  ) throws {
    self.format = format
    var random = Random(seed: 7)
    weights = Matrix(rows: rows, columns: columns)
    random.fill(weights)
    let workers = Workers(count: 2)
    moments = SecondMoments(
      columns: columns, hasShifts: hasDebts, heldOutLimit: 256, outputs: hasDebts ? rows : 0)
    // Inputs of 24 directions and some noise.
    let directions = Matrix(rows: 24, columns: columns)
    random.fill(directions)
    func inputs(_ count: Int) throws -> (x: Matrix, whole: Matrix?, debt: Matrix?) {
      let (x, parts) = (
        Matrix(rows: count, columns: columns), Matrix(rows: count, columns: 24)
      )
      random.fill(parts)
      try ProductCache().multiply(parts, directions, transposed: false, into: x)
      let noise = Matrix(rows: count, columns: columns)
      random.fill(noise)
      for row in 0..<count {
        for column in 0..<columns {
          x[row, column] += noise[row, column] / 2
          if deadColumns.contains(column) { x[row, column] = 0 }
        }
      }
      guard hasDebts else { return (x, nil, nil) }
      let (whole, debt) = (x.copied(), Matrix(rows: count, columns: rows))
      random.fill(debt)
      for row in 0..<count {
        for column in 0..<columns { whole[row, column] += noise[row, column] / 20 }
        for output in 0..<rows { debt[row, output] *= 1 + Float(output) / 8 * x[row, 0] }
      }
      return (x, whole, debt)
    }
    let (own, heldOut) = (try inputs(2048), try inputs(256))
    try moments.add(own.x, whole: own.whole, debt: own.debt, workers)
    moments.keepApart(heldOut.x, whole: heldOut.whole, debt: heldOut.debt)
    try moments.finish(workers)
    prepared = try PreparedMoments(
      moments, group: format.feedback.group, settings: CalibrationSettings(), workers)
    present = plain(
      format, (0..<rows * columns).map { [weights] in weights[$0 / columns, $0 % columns] },
      columns, prepared.importance)
  }

  func encode(_ workers: Workers, _ rows: Range<Int>? = nil) throws -> EncodedMatrix {
    let rows = rows ?? 0..<weights.rows
    let size = present.count / weights.rows
    return try FeedbackEncoder(format, prepared, CalibrationSettings()).encode(
      weights.rows(rows).copied(), from: rows.lowerBound,
      comparing: Array(present[rows.lowerBound * size..<rows.upperBound * size]),
      on: moments.heldOut, workers)
  }
}

/// Numbers that look random.
private struct Random {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// From 0 to 1.
  mutating func unit() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) * 0x1p-24
  }

  /// Around zero, few of them large.
  mutating func weight() -> Float {
    let sum = (0..<4).reduce(Float(0)) { sum, _ in sum + unit() } - 2
    return unit() < 0.02 ? 4 * sum : sum
  }

  mutating func fill(_ matrix: Matrix) {
    for row in 0..<matrix.rows {
      for column in 0..<matrix.columns { matrix[row, column] = weight() }
    }
  }
}
