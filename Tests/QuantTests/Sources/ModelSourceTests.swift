// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Models whose bytes are in no GGUF file.
@Suite("Model sources") struct ModelSourceTests {
  private let folder: TemporaryFolder
  private let file: GGUFFile

  init() throws {
    folder = try TemporaryFolder()
    file = try GGUFFile.open(Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path)
  }

  @Test func `a model in memory quantizes to the file that its GGUF file gives`() async throws {
    let recipe = try #require(Recipe(presetName: "Q4_K_M"))
    var outputs: [Data] = []
    for (source, name) in [(file, "a.gguf"), (try MemorySource(file), "b.gguf")]
      as [(any ModelSource, String)]
    {
      let output = OutputNaming.single(folder.path(name))
      let job = try RequantizePlan(
        source: source, recipe: recipe, importance: nil, output: output, toolVersion: "test")
      let executor = PlanExecutor(plan: job.plan, importance: nil, output: output)
      _ = try await executor.run(threads: 2) { _ in }
      outputs.append(try Data(contentsOf: folder.file(name)))
    }
    #expect(outputs[0] == outputs[1] && outputs[0].count > 100_000)
  }

  @Test func `a model in memory is measured and sized as its GGUF file is`() throws {
    let memory = try MemorySource(file)
    let tokens = try Tokenizer(memory).encode("A text of a few words, that is read as tokens.")
    #expect(try tokens == Tokenizer(file).encode("A text of a few words, that is read as tokens."))
    let logits = try [file, memory].map { (source: any ModelSource) in
      try Evaluator(file: source, contextLength: 64, options: EvaluationOptions(threads: 2))
        .logits(tokens).numbers
    }
    #expect(logits[0] == logits[1] && !logits[0].isEmpty)
    let options = ContextOptions(context: 64)
    let sizes = try [file, memory].map { (source: any ModelSource) in
      MemoryFit(
        try MemoryModel(source), options: options, budget: MemoryBudget(gpus: [], margin: 0)
      ).estimate.host.total
    }
    #expect(sizes[0] == sizes[1] && sizes[0] > 0)
  }

  @Test func `states of a model in memory are not taken for those of another`() throws {
    let tokens = (0..<64).map { Int32($0 % 50 + 3) }
    let windows = try EvaluationWindows(tokens: tokens, rules: .llama, length: 16)
    let one = try MemorySource(file, version: 0)
    var other = one
    other.contents["blk.1.attn_q.weight"] = one.contents["blk.1.attn_k.weight"]
      .map { $0 + $0 }.map { Array($0.prefix(one.contents["blk.1.attn_q.weight"]?.count ?? 0)) }
    let evaluators = try [one, other].map {
      try Evaluator(file: $0, contextLength: 16, options: EvaluationOptions(threads: 2))
    }
    let path = folder.path("state.gguf")
    let state = try EvaluationState(path, evaluators[0], windows)
    _ = state.begin(planned: windows.count)
    _ = try evaluators[0].states(windows.tokens, length: 16, chunk: 4, state: state)
    #expect(try EvaluationState(path, evaluators[0], windows).isResuming)
    #expect(throws: QuantError.self) { try EvaluationState(path, evaluators[1], windows) }
  }

  @Test func `a source that cannot be read ends a job with its own error`() async throws {
    var broken = try MemorySource(file)
    broken.contents["blk.1.attn_q.weight"] = nil
    let output = OutputNaming.single(folder.path("c.gguf"))
    let job = try RequantizePlan(
      source: broken, recipe: #require(Recipe(presetName: "Q8_0")), importance: nil, output: output,
      toolVersion: "test")
    let executor = PlanExecutor(plan: job.plan, importance: nil, output: output)
    await #expect(throws: QuantError.file(MemorySource.lost)) {
      try await executor.run(threads: 2) { _ in }
    }
    #expect(!Disk.exists(folder.path("c.gguf")))
  }
}

/// A model held in memory.
private struct MemorySource: ModelSource {
  static let lost = FileError.missing(file: "memory", what: "the server")

  let path = "memory"
  let metadata: Metadata
  let tensors: [TensorInfo]
  let files: [SourceFile]
  let byteOrder = ByteOrder.little
  var contents: [String: [UInt8]]

  init(_ file: GGUFFile, version: Int = 1) throws {
    metadata = file.metadata
    tensors = file.tensors
    files = [
      SourceFile(
        name: "memory", byteCount: file.byteCount, wholeByteCount: file.byteCount,
        headerByteCount: 0, version: version)
    ]
    contents = [:]
    for tensor in file.tensors { contents[tensor.name] = try file.bytes(of: tensor) }
  }

  func tensor(_ name: String) throws(FileError) -> TensorInfo {
    guard let tensor = tensors.first(where: { $0.name == name }) else {
      throw .missing(file: path, what: "tensor \"\(name)\"")
    }
    return tensor
  }

  func contains(_ name: String) -> Bool { tensors.contains { $0.name == name } }

  func check(_ tensor: TensorInfo) throws(FileError) {}

  func read(
    _ tensor: TensorInfo, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(FileError) {
    guard let bytes = contents[tensor.name] else { throw Self.lost }
    for index in 0..<buffer.byteCount {
      buffer.storeBytes(of: bytes[offset + index], toByteOffset: index, as: UInt8.self)
    }
  }

  func bytes(_ range: Range<Int>, ofFile file: Int) throws(FileError) -> [UInt8] {
    Array(repeating: 0, count: range.count)
  }

  func checkUnchanged() throws(FileError) {}
}
