// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The programs of Examples/Library, built without sight of what is `package`.
@Suite("Example programs") struct ExampleTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
  }

  @Test func `ReadTensor prints the first weights`() throws {
    let output = try run("ReadTensor", model, "blk.0.attn_q.weight")
    let file = try GGUFFile.open(model)
    let tensor = try file.tensor("blk.0.attn_q.weight")
    var reader = try TensorReader(model: file, tensor: tensor)
    var weights = [Float](repeating: 0, count: tensor.rowWeights)
    var span = weights.mutableSpan
    try reader.readRows(0..<1, into: &span)
    #expect(output.contains(weights.prefix(8).map { "\($0)" }.joined(separator: " ")))
  }

  @Test func `ReadTensor links the C library and Swift's runtime`() throws {
    let linked = try Tool.run([], emulator: ["/usr/bin/ldd"], program: "ReadTensor").output
    let names = linked.split(separator: "\n").compactMap { $0.split(separator: " ").first }
      .map { $0.trimmingCharacters(in: .whitespaces) }
    // libswiftCore needs the runtime of C++, libswift_Concurrency needs libdispatch and libBlocksRuntime.
    let allowed = [
      "linux-vdso", "/lib/ld-linux", "/lib64/ld-linux", "libswift", "libc.", "libm.", "libgcc_s.",
      "libstdc++.", "libdispatch.", "libBlocksRuntime.",
    ]
    #expect(names.contains { $0.hasPrefix("libc.") })
    let others = names.filter { name in !allowed.contains { name.hasPrefix($0) } }
    #expect(others.isEmpty, "\(others)")
  }

  @Test(arguments: [
    "ReadTensor", "Requantize", "MeasurePerplexity", "GatherImportance", "EstimateMemory",
  ])
  func `wrong usage and errors are a line each`(program: String) throws {
    let usage = try Tool.run([], program: program)
    #expect(usage.status == 64 && usage.output.isEmpty)
    #expect(usage.errors.hasPrefix("usage: \(program) MODEL") && usage.errors.hasSuffix("\n"))
    let arguments = program == "EstimateMemory" ? ["512", "1"] : ["Q8_0", "Q8_0"]
    let missing = folder.path("missing.gguf")
    let failed = try Tool.run(
      [missing] + (program == "ReadTensor" ? ["tensor"] : arguments), program: program)
    #expect(failed.status == 1)
    #expect(failed.errors == "error: \(missing): open failed: No such file or directory\n")
  }

  @Test func `the README shows ReadTensor`() throws {
    let source = try String(
      contentsOf: Paths.root.appending(path: "Examples/Library/Sources/ReadTensor/main.swift"),
      encoding: .utf8)
    let readme = try String(contentsOf: Paths.root.appending(path: "README.md"), encoding: .utf8)
    let code = source.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2)
    #expect(readme.contains(code.map { $0.isEmpty ? "" : "    \($0)" }.joined(separator: "\n")))
  }

  @Test func `the others gather, quantize, measure and estimate`() throws {
    let text = Paths.root.appending(path: "Docs/Experts.md").path
    let matrix = folder.path("matrix.gguf")
    let small = folder.path("Q4_K_M.gguf")
    #expect(try run("GatherImportance", model, text, matrix).contains("entries from 4 windows"))
    _ = try run("Requantize", model, small, "Q4_K_M", matrix)
    #expect(try GGUFFile.open(small).tensors.contains { $0.type == .Q6_K })
    let measured = try run("MeasurePerplexity", small, text, model)
    #expect(measured.contains("perplexity ") && measured.contains("mean divergence 0.0"))
    let memory = try run("EstimateMemory", model, "4096", "1000000000")
    #expect(memory.contains("weights") && memory.contains("fits"), "\(memory)")
  }

  /// What a program prints that succeeds.
  private func run(_ program: String, _ arguments: String...) throws -> String {
    let outcome = try Tool.run(arguments, program: program)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.output
  }
}
