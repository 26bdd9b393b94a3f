// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

/// What `frontier` tells of its variants beside their figures.
@Suite("gguf-tool frontier") struct FrontierTests {
  private let testing: EvaluationTesting
  private let grid = [
    "--corpus", "text.txt", "--window", "16", "--budgets", "16", "--uniform", "Q8_0", "--experts",
    "3", "--low-type", "Q4_0",
  ]

  init() throws { testing = try EvaluationTesting() }

  private func points(
    _ model: String, _ more: [String] = []
  ) throws -> (points: [Point], errors: String) {
    let words = ["frontier", model] + grid + more + ["-o", "f.html", "--json"]
    let outcome = try Tool.run(words, in: testing.folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let found = try JSONDecoder().decode(Frontier.self, from: Data(outcome.output.utf8))
    return (found.points, outcome.errors)
  }

  private struct Frontier: Decodable { let points: [Point] }

  private struct Point: Decodable {
    struct Support: Decodable {
      let loads: Bool
      let reason: String?
    }
    struct Loss: Decodable, Hashable {
      let tensor: String
      let type: String
    }
    let series: String
    let label: String
    let size_bytes: Int
    let recipe: String
    let commands: [String]
    let llama_cpp: Support
    let losses: [Loss]

    /// The file that its commands write.
    var file: String { "my-model.\(series)-\(label).gguf".replacing(" ", with: "-") }
  }

  /// Runs lines as a user does who pastes them, the built tool first in the path.
  private func paste(_ lines: [String]) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-e", "-c", lines.joined(separator: "\n")]
    process.currentDirectoryURL = testing.folder.url
    let tools = Tool.url.deletingLastPathComponent().path
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    process.environment = ProcessInfo.processInfo.environment
      .merging(["PATH": "\(tools):\(path)"]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  @Test func `the commands of a variant make it`() throws {
    let folder = testing.folder
    _ = try testing.run(
      "imatrix", "model.gguf", "--corpus", "text.txt", "--ctx", "16", "-o", "a 'b'.gguf")
    try FileManager.default.createDirectory(
      at: folder.file("in here"), withIntermediateDirectories: false)
    try TinyLlama().file().write(to: folder.path("in here/my model.gguf"))
    for matrix in [[], ["--imatrix", "a 'b'.gguf"]] {
      let (points, _) = try points("in here/my model.gguf", matrix)
      #expect(Set(points.map(\.series)).isSuperset(of: ["merged", "uniform", "random"]))
      for point in points {
        #expect(try paste(point.commands) == 0, "\(point.commands)")
        #expect(try GGUFFile.open(folder.path(point.file)).byteCount == point.size_bytes)
      }
    }
  }

  @Test func `what llama.cpp does not load is told`() throws {
    let (points, _) = try points("model.gguf")
    for point in points {
      let isMerged = ["merged", "uniform"].contains(point.series)
      #expect(point.llama_cpp.loads == isMerged, "\(point.series)")
      #expect((point.llama_cpp.reason == nil) == isMerged)
      #expect(point.recipe.contains("layout = per-expert") != isMerged)
    }
    let words = ["frontier", "model.gguf"] + grid + ["-o", "f.html"]
    let outcome = try Tool.run(words, in: testing.folder.url)
    #expect(outcome.output.contains("†: llama.cpp does not load "))
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test func `weights that a type cannot hold are told of once`() throws {
    var model = TinyLlama(moreTokens: 1)
    // A token that no text has: nothing is computed with it.
    model.weights["token_embd.weight"]?[(model.vocabulary - 1) * model.width] = 1e9
    try model.file().write(to: testing.folder.path("large.gguf"))
    let (points, errors) = try points("large.gguf")
    let losses = Set(points.flatMap(\.losses))
    #expect(losses.contains { $0.tensor == "token_embd.weight" && $0.type == "Q8_0" })
    for loss in losses {
      let sentence = "\(loss.tensor): 1 weight is larger than \(loss.type) can hold"
      #expect(errors.components(separatedBy: sentence).count == 2, "\(sentence) in \(errors)")
    }
  }
}
