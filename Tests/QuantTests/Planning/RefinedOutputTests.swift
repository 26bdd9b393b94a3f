// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// What becomes of outputs that something changes before they are finished.
@Suite("Refined outputs") struct RefinedOutputTests {
  let folder: TemporaryFolder
  let source: String
  let output: OutputNaming
  let recipe = Recipe(preset: FileType(name: "Q8_0"))

  init() throws {
    folder = try TemporaryFolder()
    source = folder.path("source.gguf")
    output = .single(folder.path("out.gguf"))
    try TinyModel.mixture().write(to: source)
  }

  private func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.file(name)) }

  @discardableResult
  private func run(
    _ refiner: SignFlipper?, to output: OutputNaming, restarting: Bool = false
  ) async throws -> PlanReport {
    let plan = try TinyModel.plan(source, recipe, to: output).plan
    return try await PlanExecutor(plan: plan, importance: nil, output: output, refiner: refiner)
      .run(threads: 2, restarting: restarting) { _ in }
  }

  /// The bytes of an undisturbed run.
  private func whole() async throws -> Data {
    try await run(SignFlipper(), to: .single(folder.path("whole.gguf")))
    return try bytes("whole.gguf")
  }

  /// Leaves an output of which so many matrices are changed.
  private func cutOff(after matrices: Int) async throws {
    let error = await #expect(throws: QuantError.self) {
      try await run(SignFlipper(limit: matrices), to: output)
    }
    #expect(error == .cancelled && !Disk.exists(output.path))
  }

  @Test func `changes are in the file, and the report tells of their error`() async throws {
    try await run(nil, to: .single(folder.path("plain.gguf")))
    let report = try await run(SignFlipper(), to: output)
    let (plain, refined) = (
      try GGUFFile.open(folder.path("plain.gguf")), try GGUFFile.open(output.path)
    )
    let name = "blk.1.ffn_up_exps.weight"
    let (before, after): ([Float], [Float]) = (
      try plain.floats(of: plain.tensor(name)), try refined.floats(of: refined.tensor(name))
    )
    #expect(before.map { -$0 } == after)
    let original = try GGUFFile.open(source)
    for (index, tensor) in original.tensors.enumerated() {
      let (x, y): ([Float], [Float]) = (
        try original.floats(of: tensor), try refined.floats(of: refined.tensor(tensor.name))
      )
      let error = zip(x, y).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      #expect(abs(report.errors[index].error - error) <= 1e-9 * max(error, 1))
    }
    #expect(!Disk.exists(Journal.path(of: output.path)))
  }

  @Test(arguments: [0, 1, 3, 9, 16])
  func `a run that is cut off ends in the same bytes`(matrices: Int) async throws {
    let whole = try await whole()
    try await cutOff(after: matrices)
    let refiner = SignFlipper()
    let report = try await run(refiner, to: output)
    #expect(try bytes("out.gguf") == whole)
    #expect(refiner.matrices == 16 - matrices)
    // Of a slab some matrices of which are changed the others may be written anew.
    #expect(report.resumedSlabs >= report.slabCount - 1)
  }

  @Test func `matrices that are damaged are changed anew, and no others`() async throws {
    let whole = try await whole()
    try await cutOff(after: 9)
    let partial = folder.file("out.gguf.partial")
    var damaged = try Data(contentsOf: partial)
    let written = try GGUFFile.open(folder.path("whole.gguf"))
    damaged[try written.tensor("blk.0.ffn_up_exps.weight").byteOffset + 5] ^= 0x10
    try damaged.write(to: partial)
    let refiner = SignFlipper()
    try await run(refiner, to: output)
    #expect(try bytes("out.gguf") == whole)
    #expect(refiner.matrices == 16 - 9 + 1)
  }

  @Test func `what was written and not noted is written anew`() async throws {
    let whole = try await whole()
    try await cutOff(after: 9)
    let journal = folder.file("out.gguf.journal")
    try Data(contentsOf: journal).dropLast(13).write(to: journal)
    let refiner = SignFlipper()
    try await run(refiner, to: output)
    #expect(try bytes("out.gguf") == whole)
    #expect(refiner.matrices == 16 - 9 + 1)
  }

  @Test func `an output of other changes, or of none, is refused`() async throws {
    try await cutOff(after: 3)
    for refiner in [SignFlipper(mark: 2), nil] {
      let error = await #expect(throws: QuantError.self) { try await run(refiner, to: output) }
      #expect(error?.description.contains("calibration or version") == true)
    }
    #expect(Disk.exists(folder.path("out.gguf.partial")))
    try await run(SignFlipper(mark: 2), to: output, restarting: true)
    #expect(Disk.exists(output.path))
  }

  @Test func `shards are one model before they have names`() async throws {
    let shards = OutputNaming.split(folder.path("s.gguf"), SplitRule(.maxTensors(4)))
    try await run(SignFlipper(), to: shards)
    _ = try await whole()
    let (split, whole) = (
      try GGUFFile.open(folder.path("s-00001-of-00004.gguf")),
      try GGUFFile.open(folder.path("whole.gguf"))
    )
    for tensor in whole.tensors {
      #expect(try whole.bytes(of: tensor) == split.bytes(of: split.tensor(tensor.name)))
    }
  }
}

/// Turns the signs of all weights of Q8_0 matrices of experts round, one matrix after the other.
private final class SignFlipper: OutputRefiner {
  private let mark: Int
  private let limit: Int
  private let state = Locked<(changed: [Int: [Range<Int>]], matrices: Int)>(([:], 0))

  init(mark: Int = 1, limit: Int = .max) {
    self.mark = mark
    self.limit = limit
  }

  /// Matrices that this run has changed.
  var matrices: Int { state.withLock { $0.matrices } }

  func add(to fingerprint: inout Fingerprint) { fingerprint.add(mark) }

  func resume(_ output: UnfinishedOutput) throws(QuantError) {
    for note in output.notes {
      let (tensor, range) = (Int(note[0]), Int(note[1])..<Int(note[2]))
      let bytes = try output.bytes(range, ofTensor: tensor)
      if Fingerprint.of(bytes.span.bytes) == note[3] { add(range, tensor) }
    }
  }

  private func add(_ range: Range<Int>, _ tensor: Int) {
    state.withLock { $0.changed[tensor, default: []].append(range) }
  }

  func changedBytes(ofTensor index: Int) -> [Range<Int>] {
    state.withLock { $0.changed[index, default: []].sorted { $0.lowerBound < $1.lowerBound } }
  }

  func refine(_ output: UnfinishedOutput) throws(QuantError) {
    let model = try output.model()
    for (index, tensor) in output.plan.tensors.enumerated()
    where tensor.description.dimensions.count == 3 {
      let size = tensor.byteCount / tensor.description.dimensions[2]
      for start in stride(from: 0, to: tensor.byteCount, by: size) {
        let range = start..<start + size
        guard !changedBytes(ofTensor: index).contains(range) else { continue }
        guard matrices < limit else { throw .cancelled }
        try flip(range, index, output, model)
      }
    }
    // Also when all is changed and the files have no names yet.
    if matrices >= limit { throw .cancelled }
  }

  func release() {}

  private func flip(
    _ range: Range<Int>, _ index: Int, _ output: UnfinishedOutput, _ model: GGUFFile
  ) throws(QuantError) {
    let name = output.plan.tensors[index].description.name
    // Through the model, which is to show what is written at any time.
    var bytes = try QuantError.wrapping { () throws(FileError) in
      Array(try model.bytes(of: model.tensor(name))[range])
    }
    for place in bytes.indices where place % 34 >= 2 { bytes[place] = 0 &- bytes[place] }
    try output.write(bytes.span.bytes, toTensor: index, at: range.lowerBound)
    try output.note(
      [index, range.lowerBound, range.upperBound].map { UInt64($0) }
        + [Fingerprint.of(bytes.span.bytes)])
    add(range, index)
    state.withLock { $0.matrices += 1 }
  }
}
