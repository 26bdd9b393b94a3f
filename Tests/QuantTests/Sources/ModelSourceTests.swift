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
      let evaluator = try Evaluator(
        model: source, contextLength: 64, options: EvaluationOptions(threads: 2))
      let logits = try evaluator.logits(tokens)
      return (0..<logits.rows).flatMap { row in
        logits.withRow(row) { numbers in numbers.indices.map { numbers[$0] } }
      }
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
    other.bytes[try one.tensor("blk.1.attn_q.weight").byteOffset] ^= 1
    let evaluators = try [one, other].map {
      try Evaluator(model: $0, contextLength: 16, options: EvaluationOptions(threads: 2))
    }
    let path = folder.path("state.gguf")
    let state = try EvaluationState(path, evaluators[0], windows)
    _ = state.begin(planned: windows.count)
    _ = try evaluators[0].states(windows.tokens, length: 16, chunk: 4, state: state)
    #expect(try EvaluationState(path, evaluators[0], windows).isResuming)
    #expect(throws: QuantError.self) { try EvaluationState(path, evaluators[1], windows) }
  }

  @Test func `a model in memory is inspected as its GGUF file is`() throws {
    let (model, memory) = (ModelInspection(file), ModelInspection(try MemorySource(file)))
    #expect(memory.summary.formatVersion == nil && model.summary.formatVersion == 3)
    #expect(memory.summary.tensorBytes == model.summary.tensorBytes)
    #expect(memory.types.shares.map(\.type) == model.types.shares.map(\.type))
    #expect(memory.files.map(\.completeTensorCount) == [file.tensors.count])
    #expect(memory.warnings.map(\.message) == model.warnings.map(\.message))
    let tensor = try memory.source.tensor("token_embd.weight")
    let means = try [(file, try file.tensor(tensor.name)), (memory.source, tensor)].map {
      (source: any ModelSource, tensor) in try TensorStatistics.measure(tensor, of: source).mean
    }
    #expect(means[0] == means[1])
  }

  @Test func `a model that was never a file is decoded`() throws {
    let bytes = ([1, -2, 0.5, 8] as [Float]).flatMap { withUnsafeBytes(of: $0, Array.init) }
    var metadata = Metadata()
    metadata["general.architecture"] = .string("none")
    let tensors = [
      TensorInfo(name: "a", dimensions: [1], type: .F32),
      TensorInfo(name: "b", dimensions: [3], type: .F32, byteOffset: 4),
      TensorInfo(name: "c", dimensions: [33], type: .Q8_0, byteOffset: 16),
    ]
    let model = MemorySource(metadata: metadata, tensors: tensors, bytes: bytes)
    let b = try model.tensor("b")
    #expect(b.byteCount == 12 && tensors[2].byteCount == nil && model.formatVersion == nil)
    var reader = try TensorReader(model: model, tensor: b)
    var weights: [Float] = [0, 0, 0]
    var span = weights.mutableSpan
    try reader.readWeights(0..<3, into: &span)
    #expect(weights == [-2, 0.5, 8])
    #expect(model.contains("c") && !model.contains("d"))
    #expect(throws: FileError.missing(file: "memory", what: "tensor \"d\"")) {
      try model.tensor("d")
    }
  }

  @Test func `a source that cannot be read ends a job with its own error`() async throws {
    var broken = try MemorySource(file)
    broken.missing = "blk.1.attn_q.weight"
    let output = OutputNaming.single(folder.path("c.gguf"))
    let job = try RequantizePlan(
      source: broken, recipe: #require(Recipe(presetName: "Q8_0")), importance: nil, output: output,
      toolVersion: "test")
    let executor = PlanExecutor(plan: job.plan, importance: nil, output: output)
    await #expect(throws: QuantError.file(MemorySource.lost)) {
      try await executor.run(threads: 2) { _ in }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("c.gguf")))
  }
}
