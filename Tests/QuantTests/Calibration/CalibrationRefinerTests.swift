// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Quantized outputs whose codes are chosen by a text before they are finished.
@Suite("Calibrated outputs") struct CalibrationRefinerTests {
  let folder: TemporaryFolder
  let source: String
  let output: OutputNaming
  let tokens: [Int32]

  init() throws {
    folder = try TemporaryFolder()
    source = folder.path("source.gguf")
    output = .single(folder.path("out.gguf"))
    let model = TinyLlama()
    try model.file().write(to: source)
    tokens = model.tokens(16 * 40)
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.file(name)) }

  private func refiner(
    tokens: [Int32]? = nil, damping: Double? = nil,
    method: CalibrationOrigin.Method = .sequential, cancelAfter limit: Int = .max, threads: Int = 2
  ) throws -> CalibrationRefiner {
    var request = try CalibrationRequest(
      windows(tokens), datasets: ["text.txt"], method: method, options: options(threads))
    request.settings.damping = damping ?? request.settings.damping
    return refiner(request, cancelAfter: limit)
  }

  private func options(_ threads: Int = 2) -> EvaluationOptions {
    EvaluationOptions(threads: threads, mode: .f32)
  }

  private func windows(_ tokens: [Int32]? = nil) throws -> EvaluationWindows {
    try EvaluationWindows(tokens: tokens ?? self.tokens, rules: .llama, length: 16)
  }

  private func refiner(
    _ request: CalibrationRequest, cancelAfter limit: Int = .max
  ) -> CalibrationRefiner {
    let begun = Locked(Set<String>())
    return CalibrationRefiner(request) { progress in
      let count = begun.withLock { begun in
        begun.insert("\(progress.tensor) \(progress.part ?? 0)")
        return begun.count
      }
      if count > limit { withUnsafeCurrentTask { $0?.cancel() } }
    }
  }

  private func executor(
    _ refiner: CalibrationRefiner?, to output: OutputNaming, layout: ExpertLayout = .keep
  ) throws -> PlanExecutor {
    var recipe = Recipe(preset: FileType(name: "Q4_0"))
    recipe.isPure = true
    recipe.layout = layout
    let plan = try TinyModel.plan(source, recipe, to: output).plan
    return PlanExecutor(plan: plan, importance: nil, output: output, refiner: refiner)
  }

  @discardableResult
  private func run(
    _ refiner: CalibrationRefiner?, to output: OutputNaming, layout: ExpertLayout = .keep
  ) async throws -> PlanReport {
    try await executor(refiner, to: output, layout: layout).run(threads: 2) { _ in }
  }

  /// Leaves an output as a run does that is cut off after so many matrices.
  private func cutOff(after count: Int) async throws {
    let executor = try executor(try refiner(cancelAfter: count), to: output)
    // In a task of its own, which it cancels.
    let task = Task { try await executor.run(threads: 2) { _ in } }
    let error = await #expect(throws: QuantError.self) { try await task.value }
    #expect(error == .cancelled && !Disk.exists(output.path))
  }

  /// The bytes of a matrix.
  private func own(_ matrix: CalibrationReport.Matrix, in file: GGUFFile) throws -> [UInt8] {
    let tensor = try file.tensor(matrix.tensor)
    let bytes = try file.bytes(of: tensor)
    let size = bytes.count / tensor.dimensions.dropFirst(2).reduce(1, *)
    let start = (matrix.part ?? 0) * size
    return Array(bytes[start..<start + size])
  }

  @Test func `matrices get new bytes where these are better, and no others`() async throws {
    try await run(nil, to: .single(folder.path("plain.gguf")))
    let refiner = try refiner()
    let plan = try await run(refiner, to: output)
    let report = try #require(refiner.report)
    let (plain, file) = (
      try GGUFFile.open(folder.path("plain.gguf")), try GGUFFile.open(output.path)
    )
    // Of each layer attention's four, and of its four experts two; `down` has rows of 24 weights.
    #expect(report.matrices.count == 25)
    let accepted = report.matrices.filter { $0.outcome == .accepted }
    #expect(accepted.count > 15)
    for matrix in report.matrices {
      let isNew = try own(matrix, in: file) != own(matrix, in: plain)
      #expect(isNew == (matrix.outcome == .accepted), "\(matrix)")
      #expect(matrix.error <= matrix.plainError)
    }
    #expect(report.unusedTensors == ["token_embd.weight"] && report.tiedEmbedding == nil)
    for role in report.roles { #expect(role.error <= role.plainError) }
    #expect(plan.slabCount > 0)
  }

  @Test func `the bytes do not depend on the threads, nor on the layout of experts`() async throws {
    try await run(try refiner(threads: 1), to: output)
    try await run(try refiner(threads: 3), to: .single(folder.path("3.gguf")))
    #expect(try bytes("out.gguf") == bytes("3.gguf"))
    try await run(try refiner(), to: .single(folder.path("split.gguf")), layout: .perExpert)
    let (merged, split) = (
      try GGUFFile.open(output.path), try GGUFFile.open(folder.path("split.gguf"))
    )
    let all = try merged.bytes(of: merged.tensor("blk.1.ffn_up_exps.weight"))
    let parts = try (0..<4).flatMap {
      try split.bytes(of: split.tensor("blk.1.ffn_up.\($0).weight"))
    }
    #expect(all == parts)
  }

  @Test(arguments: [1, 3, 5, 6, 9, 13, 20])
  func `a run that is cut off between matrices ends in the same bytes`(count: Int) async throws {
    let whole = try refiner()
    try await run(whole, to: .single(folder.path("whole.gguf")))
    try await cutOff(after: count)
    let resumed = try refiner()
    let report = try await run(resumed, to: output)
    #expect(try bytes("out.gguf") == bytes("whole.gguf"))
    // The experts of two tensors are met in turns.
    #expect(report.resumedSlabs >= report.slabCount - 2)
    let (a, b) = (try #require(whole.report), try #require(resumed.report))
    let errors = [a, b].map { $0.matrices.map(\.calibratedError) }
    #expect(errors[0] == errors[1])
  }

  /// What goes into the last product of an expert depends on the other experts' text alone, and not on
  /// which of them have their new bytes.
  @Test(arguments: [1, 2, 3, 7, 14])
  func `experts with few tokens end in the same bytes after a run that is cut off`(
    count: Int
  ) async throws {
    let model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
    var recipe = Recipe(preset: FileType(name: "F16"))
    recipe.rules = [
      try TypeRule(option: "blk.2.ffn_(up|down)_exps=Q4_0", file: "--tensor-type")
    ]
    func executor(_ name: String, cancelAfter limit: Int = .max) throws -> PlanExecutor {
      let output = OutputNaming.single(folder.path(name))
      let plan = try TinyModel.plan(model, recipe, to: output).plan
      return PlanExecutor(
        plan: plan, importance: nil, output: output,
        refiner: try refiner(tokens: (0..<16 * 9).map { 300 + $0 }, cancelAfter: limit))
    }
    _ = try await executor("whole.gguf").run(threads: 2) { _ in }
    let cut = try executor("out.gguf", cancelAfter: count)
    await #expect(throws: QuantError.cancelled) {
      try await Task { try await cut.run(threads: 2) { _ in } }.value
    }
    _ = try await executor("out.gguf").run(threads: 2) { _ in }
    #expect(try bytes("out.gguf") == bytes("whole.gguf"))
  }

  @Test func `another text, another setting or none is another job`() async throws {
    try await cutOff(after: 4)
    for refiner in [
      try refiner(tokens: tokens.dropLast(16)), try refiner(damping: 0.1),
      try refiner(method: .oneShot), nil,
    ] {
      let error = await #expect(throws: QuantError.self) { try await run(refiner, to: output) }
      #expect(error?.description.contains("the journal of another job") == true)
    }
    try await run(try refiner(), to: output)
  }

  /// Second moments of the source.
  private func moments(_ name: String = "moments.gguf") throws -> MomentsFile {
    let evaluator = try Evaluator(
      model: GGUFFile.open(source), contextLength: 16, options: options())
    return try evaluator.gatherMoments(
      over: windows(), datasets: ["text.txt"], to: folder.path(name))
  }

  @Test func `each matrix on its own gets the same bytes by a text and by its moments`()
    async throws
  {
    let text = try refiner(method: .oneShot)
    try await run(text, to: .single(folder.path("text.gguf")))
    let file = refiner(
      try CalibrationRequest(try moments(), of: GGUFFile.open(source), options: options()))
    try await run(file, to: output)
    #expect(try bytes("out.gguf") == bytes("text.gguf"))
    let (a, b) = (try #require(text.report), try #require(file.report))
    #expect(a.matrices.count == 25 && b.matrices.count == 25)
    #expect(b.origin.file == folder.path("moments.gguf") && b.origin.windowCount == 40)
  }

  @Test func `each matrix on its own gets the same bytes in any part of the output`()
    async throws
  {
    try await run(try refiner(method: .oneShot), to: output)
    var recipe = Recipe(preset: FileType(name: "Q4_0"))
    recipe.isPure = true
    let naming = OutputNaming.split(folder.path("s.gguf"), SplitRule(.maxTensors(10)))
    let plan = try TinyModel.plan(source, recipe, to: naming).plan
    let whole = try GGUFFile.open(output.path)
    for index in plan.files.indices {
      let part = plan.part(file: index)
      let shard = try PlanExecutor(
        plan: part, importance: nil, output: .single(part.files[0].path),
        refiner: refiner(method: .oneShot))
      _ = try await shard.run(threads: 2) { _ in }
    }
    let split = try GGUFFile.open(plan.files[0].path)
    for tensor in whole.tensors {
      #expect(try whole.bytes(of: tensor) == split.bytes(of: split.tensor(tensor.name)))
    }
  }

  @Test func `moments of another model, or of a part, are refused`() throws {
    let moments = try moments()
    let other = folder.path("other.gguf")
    try TinyLlama(seed: 2).file().write(to: other)
    #expect(throws: QuantError.self) {
      try CalibrationRequest(moments, of: GGUFFile.open(other), options: options())
    }
    let evaluator = try Evaluator(
      model: GGUFFile.open(source), contextLength: 16, options: options())
    var part = MomentsOptions()
    part.part = JobPart("1/2")
    let half = try evaluator.gatherMoments(
      over: windows(), datasets: [], options: part, to: folder.path("half.gguf"))
    let error = #expect(throws: QuantError.self) {
      try CalibrationRequest(half, of: GGUFFile.open(source), options: options())
    }
    #expect(error?.description.contains("found part 1/2") == true)
  }

  @Test func `experts that no token reaches stay as they are`() async throws {
    try await run(nil, to: .single(folder.path("plain.gguf")))
    let refiner = try refiner(tokens: Array(repeating: 70, count: 16 * 4))
    try await run(refiner, to: output)
    let report = try #require(refiner.report)
    let unreached = report.matrices.filter { $0.outcome == .unreached }
    try #require(!unreached.isEmpty)
    let (plain, file) = (
      try GGUFFile.open(folder.path("plain.gguf")), try GGUFFile.open(output.path)
    )
    for matrix in unreached {
      #expect(matrix.tokens == 0 && matrix.part != nil)
      #expect(try own(matrix, in: file) == own(matrix, in: plain))
    }
  }

  @Test func `a single window is too little`() throws {
    #expect(throws: QuantError.self) {
      try CalibrationRequest(
        EvaluationWindows(tokens: tokens, rules: .llama, length: 16, limit: 1), datasets: [],
        options: EvaluationOptions(threads: 1))
    }
  }
}
