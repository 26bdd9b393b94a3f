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

  @Test func `ReadTensor links no library beyond the C library and Swift's own`() throws {
    let output = try run("/usr/bin/ldd", url("ReadTensor").path)
    let names = output.split(separator: "\n").compactMap { $0.split(separator: " ").first }
      .map { $0.trimmingCharacters(in: .whitespaces) }
    let allowed = [
      "linux-vdso", "libswift", "libc.", "libm.", "libgcc_s", "libstdc++", "/lib64/ld",
      "lib_Foundation", "libFoundation", "libdispatch", "libBlocksRuntime",
    ]
    #expect(names.contains { $0.hasPrefix("libc.") })
    let others = names.filter { name in !allowed.contains { name.hasPrefix($0) } }
    #expect(others.isEmpty, "\(others)")
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

  private func url(_ name: String) -> URL {
    name.hasPrefix("/")
      ? URL(filePath: name) : Tool.url.deletingLastPathComponent().appending(path: name)
  }

  private func run(_ name: String, _ arguments: String...) throws -> String {
    let pipe = Pipe()
    let process = Process()
    process.executableURL = url(name)
    process.arguments = arguments
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self)
  }
}
