// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Writes down what a walk brings.
final class RecordingCalibrator: MatrixCalibrator {
  /// A matrix, and what came with it.
  struct Met {
    let matrix: CalibratedMatrix
    let moments: SecondMoments
    let pooled: SecondMoments?
    var key: String { "\(matrix.whole.name)#\(matrix.wholeMatrix)" }
  }

  private(set) var met: [Met] = []
  private(set) var groups: [[CalibratedMatrix]] = []
  /// Called with each group.
  var atEach: () -> Void = {}
  /// Which matrices are wanted; all if nothing says so.
  var wanted: ((CalibratedMatrix) -> Bool)?

  func calibrate(
    _ matrices: [CalibratedMatrix], _ moments: SecondMoments, pooled: SecondMoments?
  ) throws(QuantError) {
    groups.append(matrices)
    atEach()
    met += matrices.map { Met(matrix: $0, moments: moments, pooled: pooled) }
  }

  func wants(_ matrix: CalibratedMatrix) -> Bool { wanted?(matrix) ?? true }
}

/// Multiplies the weights of each matrix in the file, as it is met.
private final class WritingCalibrator: MatrixCalibrator {
  private let file: FileHandle
  private(set) var count = 0

  init(_ path: String) throws { file = try #require(FileHandle(forUpdatingAtPath: path)) }

  func calibrate(
    _ matrices: [CalibratedMatrix], _ moments: SecondMoments, pooled: SecondMoments?
  ) throws(QuantError) {
    for matrix in matrices {
      do {
        try change(matrix)
      } catch {
        throw .unsupported("\(error)")
      }
    }
    count += matrices.count
  }

  func wants(_ matrix: CalibratedMatrix) -> Bool { matrix.quantized.type == .F32 }

  private func change(_ matrix: CalibratedMatrix) throws {
    let bytes = 4 * matrix.weights
    let place = UInt64(matrix.quantized.byteOffset + matrix.quantizedMatrix * bytes)
    try file.seek(toOffset: place)
    let old = try #require(try file.read(upToCount: bytes))
    let numbers = old.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    try file.seek(toOffset: place)
    try file.write(contentsOf: Data(TinyLlama.bytes(numbers.map { 1.03 * $0 })))
  }
}

/// Adds up what goes into products, as plainly as can be.
private final class PlainMoments: ForwardObserver, @unchecked Sendable {
  private(set) var rows: [String: [[Float]]] = [:]

  func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) {
    for row in windows.joined() {
      let numbers = input.withRow(row) { span in span.indices.map { span[$0] } }
      rows["\(tensor.name)#\(matrix)", default: []].append(numbers)
    }
  }

  func observe(_ routing: Routing, layer: Int) {}

  /// Σ aᵀ b over rows; a row for each number of a.
  static func sum(_ a: [[Float]], _ b: [[Float]], columns: Int) -> [[Double]] {
    var sums = Array(repeating: Array(repeating: 0.0, count: columns), count: columns)
    for (a, b) in zip(a, b) {
      for i in 0..<columns where a[i] != 0 {
        for j in 0..<columns { sums[i][j] += Double(a[i]) * Double(b[j]) }
      }
    }
    return sums
  }
}

@Suite("Calibration in sequence") struct SequenceTests {
  private let folder: TemporaryFolder
  private let length = 16

  init() throws { folder = try TemporaryFolder() }

  private func evaluator(_ model: any ModelSource, threads: Int = 2) throws -> Evaluator {
    try Evaluator(
      model: model, contextLength: length,
      options: EvaluationOptions(threads: threads, mode: .f32, memoryBytes: 1 << 28))
  }

  private func open(_ model: ModelFile, _ name: String) throws -> GGUFFile {
    try model.write(to: folder.path(name))
    return try GGUFFile.open(folder.path(name))
  }

  /// A model whose weights are a little different.
  private func disturbed(_ model: TinyLlama) -> TinyLlama {
    var (other, random) = (model, SeededGenerator(seed: 5))
    for name in other.weights.keys.sorted() {
      other.weights[name] = other.weights[name]?.map {
        $0 * Float.random(in: 0.9...1.1, using: &random)
      }
    }
    return other
  }

  private func windows(_ count: Int, vocabulary: Int) throws -> EvaluationWindows {
    var random = SeededGenerator(seed: 3)
    let tokens = (0..<count * length).map { _ in
      Int32.random(in: 0..<Int32(vocabulary), using: &random)
    }
    return try EvaluationWindows(tokens: tokens, rules: .full, length: length)
  }

  /// The windows that are not held out.
  private func kept(_ windows: EvaluationWindows) throws -> EvaluationWindows {
    let places = (0..<windows.count).filter { $0 % 8 != 7 }
    let tokens = places.flatMap { windows.tokens[$0 * length..<($0 + 1) * length] }
    return try EvaluationWindows(tokens: tokens, rules: .full, length: length)
  }

  private func walk(
    _ whole: Evaluator, _ quantized: Evaluator, _ windows: EvaluationWindows,
    memory: Int = 1 << 28, _ calibrator: any MatrixCalibrator
  ) throws -> SequentialCalibration.Outcome {
    try SequentialCalibration(
      whole: whole, quantized: quantized, over: windows, memoryBytes: memory, calibrator
    ).run()
  }

  private func states(_ evaluator: Evaluator, _ windows: EvaluationWindows) throws -> [Float] {
    try evaluator.states(windows.tokens, length: length, chunk: 2).numbers
  }

  /// The least memory that a walk takes.
  private func leastMemory(
    _ whole: Evaluator, _ quantized: Evaluator, _ windows: EvaluationWindows
  ) throws -> Int {
    let error = #expect(throws: QuantError.self) {
      try walk(whole, quantized, windows, memory: 1, RecordingCalibrator())
    }
    guard case .memory(.windowCount, _, let needed, 1)? = error else { return 0 }
    return needed
  }

  // MARK: Models

  /// Every kind of block and of connection between steps.
  static let names = [
    "models/tiny-dense-f16", "models/tiny-moe-f16", "architectures/deepseek2_v3-f32",
    "architectures/gptoss-f32", "architectures2/arctic-f32", "architectures2/chatglm-f32",
    "architectures2/deepseek4-f32", "architectures2/falcon-h1-f32", "architectures2/gemma3n-f32",
    "architectures2/gemma4-f32", "architectures2/grovemoe-f32", "architectures2/hy_v4-f32",
    "architectures2/kimi-k3-f32", "architectures2/kimi-linear-f32", "architectures2/lfm2moe-f32",
    "architectures2/mamba-f32", "architectures2/mistral4-f32", "architectures2/phi2-f32",
    "architectures2/qwen35moe-f32", "architectures2/rwkv6-f32", "architectures2/rwkv7-f32",
    "conversion/llama4/expected",
  ]

  private func shared(_ name: String) throws -> GGUFFile {
    try GGUFFile.open(try #require(Paths.shared).appending(path: "\(name).gguf").path)
  }

  @Test(.enabled(if: Paths.shared != nil, "needs ../shared beside the checkout"), arguments: names)
  func `every matrix is met once, with the moments of a plain run`(_ name: String) throws {
    let model = try shared(name)
    let (whole, calibrator) = (try evaluator(model), RecordingCalibrator())
    let windows = try windows(9, vocabulary: whole.graph.vocabulary)
    let outcome = try walk(whole, evaluator(model, threads: 1), windows, calibrator)
    #expect(outcome.unmet.isEmpty)
    let expected = try states(whole, windows)
    #expect(outcome.whole.numbers == expected)
    #expect(outcome.quantized.numbers == expected)
    let units = whole.graph.units.filter { $0.position != .embedding }
    let all = Set(
      units.flatMap { unit in
        (unit.matrix.map { [$0] } ?? Array(0..<unit.tensor.matrixCount)).map {
          "\(unit.tensor.name)#\($0)"
        }
      })
    #expect(calibrator.met.count == all.count)
    #expect(Set(calibrator.met.map(\.key)) == all)
    let steps = Dictionary(
      units.map { ($0.tensor.name, 100 * ($0.position.layer ?? 1000) + $0.step) },
      uniquingKeysWith: { first, _ in first })
    let order = calibrator.met.compactMap { steps[$0.matrix.whole.name] }
    #expect(order == order.sorted())
    let plain = PlainMoments()
    try whole.gather(plain, over: kept(windows))
    for met in calibrator.met { try compare(met, plain) }
  }

  private func compare(_ met: RecordingCalibrator.Met, _ plain: PlainMoments) throws {
    let (rows, moments) = (plain.rows[met.key] ?? [], met.moments)
    #expect(moments.tokens == rows.count, "\(met.key)")
    // Small sums suffice where there are many.
    let columns = min(moments.columns, 24)
    let sums = PlainMoments.sum(rows, rows, columns: columns)
    let peak = (0..<columns).reduce(0) { max($0, sums[$1][$1]) }
    let shifts = try #require(moments.shifts)
    var (worst, shift) = (0.0, Float(0))
    for i in 0..<columns {
      for j in 0..<columns {
        worst = max(worst, abs(Double(moments.sums[i, j]) - sums[i][j]))
        shift = max(shift, abs(shifts[i, j]))
      }
    }
    #expect(worst <= 1e-5 * peak, "\(met.key)")
    #expect(shift == 0, "\(met.key)")
  }

  @Test(
    .enabled(if: Paths.shared != nil, "needs ../shared beside the checkout"),
    arguments: names.dropFirst(2), [true, false])
  func `what is written meanwhile counts from then on`(_ name: String, _ isRoomy: Bool) throws {
    let whole = try evaluator(shared(name))
    let path = folder.path("copy.gguf")
    try FileManager.default.copyItem(atPath: whole.model.path, toPath: path)
    let (quantized, calibrator) = (
      try evaluator(GGUFFile.open(path)), try WritingCalibrator(path)
    )
    let windows = try windows(9, vocabulary: whole.graph.vocabulary)
    let memory = try isRoomy ? 1 << 28 : leastMemory(whole, quantized, windows)
    let outcome = try walk(whole, quantized, windows, memory: memory, calibrator)
    #expect(calibrator.count > 0)
    let found = outcome.quantized.numbers
    #expect(try found == states(evaluator(GGUFFile.open(path)), windows))
    #expect(try outcome.whole.numbers == states(whole, windows))
    #expect(found != outcome.whole.numbers)
  }

  // MARK: A tiny model

  @Test func `matrices come in the order in which a token meets them`() throws {
    let model = try open(TinyLlama().file(), "a.gguf")
    let calibrator = RecordingCalibrator()
    _ = try walk(
      evaluator(model), evaluator(model), windows(8, vocabulary: TinyLlama().vocabulary),
      calibrator)
    var expected: [[String]] = []
    for layer in 0..<2 {
      expected += [["attn_q#0", "attn_k#0", "attn_v#0"], ["attn_output#0"]].map { group in
        group.map { "blk.\(layer).\($0)" }
      }
      for expert in 0..<4 {
        expected.append(["gate", "up"].map { "blk.\(layer).ffn_\($0)_exps#\(expert)" })
        expected.append(["blk.\(layer).ffn_down_exps#\(expert)"])
      }
    }
    expected.append(["output#0"])
    let found = calibrator.groups.map { group in
      group.map { "\($0.whole.name.replacing(".weight", with: ""))#\($0.wholeMatrix)" }
    }
    #expect(found == expected)
  }

  @Test func `shifts are between rows of the same tokens`() throws {
    let model = TinyLlama()
    let whole = try evaluator(open(model.file(), "a.gguf"))
    let quantized = try evaluator(open(disturbed(model).file(), "b.gguf"))
    let (windows, calibrator) = (
      try windows(9, vocabulary: model.vocabulary), RecordingCalibrator()
    )
    _ = try walk(whole, quantized, windows, calibrator)
    let plain = (whole: PlainMoments(), quantized: PlainMoments())
    try whole.gather(plain.whole, over: kept(windows))
    try quantized.gather(plain.quantized, over: kept(windows))
    for met in calibrator.met where !met.key.contains("_exps") {
      let x = try #require(plain.quantized.rows[met.key])
      let others = try #require(plain.whole.rows[met.key])
      let differences = zip(others, x).map { other, x in zip(other, x).map { $0 - $1 } }
      let expected = PlainMoments.sum(differences, x, columns: met.moments.columns)
      try expect(met.moments.shifts, expected, met.key)
      let sums = PlainMoments.sum(x, x, columns: met.moments.columns)
      try expect(met.moments.sums, sums, met.key)
    }
  }

  private func expect(_ found: Matrix?, _ sums: [[Double]], _ name: String) throws {
    let found = try #require(found)
    let peak = sums.joined().reduce(0) { max($0, abs($1)) }
    #expect(peak > 0, "\(name)")
    for i in sums.indices {
      for j in sums.indices where abs(Double(found[i, j]) - sums[i][j]) > 1e-4 * peak {
        Issue.record("\(name): \(found[i, j]) at \(i), \(j), not \(sums[i][j])")
        return
      }
    }
  }

  @Test func `experts pair the tokens that the quantized model sends them`() throws {
    let model = TinyLlama()
    let whole = try evaluator(open(model.file(), "a.gguf"))
    let quantized = try evaluator(open(disturbed(model).file(), "b.gguf"))
    let (windows, calibrator) = (
      try windows(9, vocabulary: model.vocabulary), RecordingCalibrator()
    )
    _ = try walk(whole, quantized, windows, calibrator)
    let plain = (whole: PlainMoments(), quantized: PlainMoments())
    try whole.gather(plain.whole, over: kept(windows))
    try quantized.gather(plain.quantized, over: kept(windows))
    // What the router sees are the rows of all tokens, in both models.
    for met in calibrator.met where met.key.contains("ffn_gate_exps") {
      let router = met.key.prefix { $0 != "g" } + "gate_inp.weight#0"
      let all = (plain.quantized.rows[String(router)] ?? [], plain.whole.rows[String(router)] ?? [])
      let x = try #require(plain.quantized.rows[met.key])
      #expect(met.moments.tokens == x.count, "\(met.key)")
      let others = try x.map { row in
        all.1[try #require(all.0.firstIndex(of: row))]
      }
      let differences = zip(others, x).map { other, x in zip(other, x).map { $0 - $1 } }
      try expect(
        met.moments.shifts, PlainMoments.sum(differences, x, columns: met.moments.columns),
        met.key)
    }
    for met in calibrator.met where met.key.contains("ffn_down_exps") {
      let x = try #require(plain.quantized.rows[met.key])
      try expect(
        met.moments.sums, PlainMoments.sum(x, x, columns: met.moments.columns), met.key)
    }
  }

  @Test func `experts with few tokens come with the moments of their layer`() throws {
    let model = TinyLlama()
    let whole = try evaluator(open(model.file(), "a.gguf"))
    let (windows, calibrator) = (
      try windows(24, vocabulary: model.vocabulary), RecordingCalibrator()
    )
    _ = try walk(whole, whole, windows, calibrator)
    let experts = calibrator.met.filter { $0.key.contains("_exps") }
    for met in experts {
      let isScarce = met.moments.tokens < 8 * met.moments.columns
      #expect((met.pooled != nil) == isScarce, "\(met.key)")
      guard let pooled = met.pooled else { continue }
      if met.key.contains("down") {
        let all = 21 * length * model.experts.used
        #expect(8 * met.moments.columns..<all ~= pooled.tokens, "\(met.key)")
      } else {
        #expect(pooled.tokens == 21 * length, "\(met.key)")
      }
    }
    #expect(experts.contains { $0.pooled == nil } && experts.contains { $0.pooled != nil })
    #expect(calibrator.met.allSatisfy { $0.key.contains("_exps") || $0.pooled == nil })
  }

  @Test func `experts may be laid out otherwise`() throws {
    let model = TinyLlama()
    let whole = try evaluator(open(model.file(), "a.gguf"))
    let other = disturbed(model)
    let windows = try windows(8, vocabulary: model.vocabulary)
    let found = try [false, true].map { isSeparate in
      let calibrator = RecordingCalibrator()
      let file = other.file(separatesExperts: isSeparate)
      _ = try walk(whole, evaluator(open(file, "b.gguf")), windows, calibrator)
      return calibrator.met
    }
    #expect(found[0].map(\.key) == found[1].map(\.key))
    for (merged, apart) in zip(found[0], found[1]) {
      #expect(merged.moments.sums.numbers == apart.moments.sums.numbers)
      #expect(merged.moments.shifts?.numbers == apart.moments.shifts?.numbers)
      guard merged.key.contains("_exps") else { continue }
      let matrix = merged.matrix.quantizedMatrix
      #expect(merged.matrix.quantized.name == merged.matrix.whole.name)
      #expect(
        apart.matrix.quantized.name
          == merged.matrix.whole.name.replacing("_exps", with: ".\(matrix)"))
      #expect(apart.matrix.quantizedMatrix == 0)
    }
  }

  @Test func `neither threads nor memory change a bit`() throws {
    let model = TinyLlama()
    let (a, b) = (try open(model.file(), "a.gguf"), try open(disturbed(model).file(), "b.gguf"))
    let windows = try windows(9, vocabulary: model.vocabulary)
    let least = try leastMemory(evaluator(a), evaluator(b), windows)
    let found = try [(1, 1 << 28), (3, 1 << 28), (2, least)].map { threads, memory in
      let calibrator = RecordingCalibrator()
      _ = try walk(
        evaluator(a, threads: threads), evaluator(b, threads: threads), windows, memory: memory,
        calibrator)
      return calibrator.met.map { $0.moments.sums.numbers + ($0.moments.shifts?.numbers ?? []) }
    }
    #expect(found[0] == found[1])
    #expect(found[0] == found[2])
  }

  @Test func `what is not wanted is left out`() throws {
    let model = try open(TinyLlama().file(), "a.gguf")
    let (whole, calibrator) = (try evaluator(model), RecordingCalibrator())
    let windows = try windows(8, vocabulary: TinyLlama().vocabulary)
    calibrator.wanted = { $0.whole.name.contains("attn_k") || $0.whole.name.contains("1.ffn_down") }
    let outcome = try walk(whole, evaluator(model), windows, calibrator)
    let names = (0..<2).map { "blk.\($0).attn_k.weight#0" }
    let experts = (0..<4).map { "blk.1.ffn_down_exps.weight#\($0)" }
    #expect(calibrator.met.map(\.key) == names + experts)
    #expect(try outcome.quantized.numbers == states(whole, windows))
  }

  @Test func `a walk goes on where one was cut off`() throws {
    let model = try open(TinyLlama().file(), "a.gguf")
    let windows = try windows(8, vocabulary: TinyLlama().vocabulary)
    func run(_ calibrator: RecordingCalibrator) throws -> [String: [Float]] {
      _ = try walk(evaluator(model), evaluator(model), windows, calibrator)
      return Dictionary(
        uniqueKeysWithValues: calibrator.met.map { ($0.key, $0.moments.sums.numbers) })
    }
    let all = try run(RecordingCalibrator())
    let rest = RecordingCalibrator()
    rest.wanted = { matrix in
      !matrix.whole.name.hasPrefix("blk.0.") && !matrix.whole.name.contains("attn_q")
    }
    for (key, sums) in try run(rest) { #expect(sums == all[key], "\(key)") }
    #expect(rest.met.count == 2 + 1 + 12 + 1)
  }

  @Test func `a cancelled walk ends before the next matrix`() async throws {
    let model = try open(TinyLlama().file(), "a.gguf")
    let windows = try windows(8, vocabulary: TinyLlama().vocabulary)
    let task = Task { () -> (QuantError?, Int) in
      let calibrator = RecordingCalibrator()
      do {
        let walk = try SequentialCalibration(
          whole: evaluator(model), quantized: evaluator(model), over: windows,
          memoryBytes: 1 << 28, calibrator)
        calibrator.atEach = { withUnsafeCurrentTask { $0?.cancel() } }
        _ = try walk.run()
      } catch let error as QuantError {
        return (error, calibrator.groups.count)
      }
      return (nil, calibrator.groups.count)
    }
    let (error, count) = try await task.value
    #expect(error == .cancelled)
    #expect(count == 1)
  }

  @Test func `progress goes up to all of the work`() throws {
    let model = try open(TinyLlama().file(), "a.gguf")
    let walk = try SequentialCalibration(
      whole: evaluator(model), quantized: evaluator(model),
      over: windows(8, vocabulary: TinyLlama().vocabulary), memoryBytes: 1 << 28,
      RecordingCalibrator())
    var reports: [EvaluationProgress] = []
    _ = try walk.run { reports.append($0) }
    #expect(reports.map(\.done) == reports.map(\.done).sorted())
    let last = try #require(reports.last)
    #expect(last.done == last.total)
    // One a group of matrices, and one a step.
    #expect(reports.count == 2 * (2 + 8) + 1 + 4)
  }

  @Test func `windows are held out`() throws {
    let model = try open(TinyLlama().file(), "a.gguf")
    for (count, heldOut) in [(1, 0), (2, 1), (7, 1), (8, 1), (17, 2)] {
      let calibrator = RecordingCalibrator()
      let all = try windows(max(2, count), vocabulary: TinyLlama().vocabulary).only(0..<count)
      _ = try walk(evaluator(model), evaluator(model), all, calibrator)
      let first = try #require(calibrator.met.first)
      #expect(first.moments.heldOut.count == heldOut * length)
      #expect(first.moments.tokens == (count - heldOut) * length)
    }
  }

  @Test func `models of other shapes are refused`() throws {
    let model = TinyLlama()
    let whole = try evaluator(open(model.file(), "a.gguf"))
    let other = try evaluator(open(TinyAhead(.plain).file(), "b.gguf"))
    let windows = try windows(8, vocabulary: 64)
    let error = #expect(throws: QuantError.self) {
      try walk(whole, other, windows, RecordingCalibrator())
    }
    guard case .mismatch? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
