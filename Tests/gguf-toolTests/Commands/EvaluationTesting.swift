// SPDX-License-Identifier: MIT
import Foundation
import TestSupport
import Testing

/// Runs the commands that evaluate, on a tiny model and texts beside it.
struct EvaluationTesting {
  let folder: TemporaryFolder
  let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path("model.gguf")
    try TinyLlama().file().write(to: model)
    _ = try folder.write(Array(Self.text.utf8), "text.txt")
  }

  /// Some hundred tokens.
  static let text = String(repeating: "a b ab c, and äöü. ", count: 12)

  func run(_ words: String...) throws -> Tool.Outcome {
    try Tool.run(words, in: folder.url)
  }

  /// What a run says that must fail with one sentence; warnings may come before it.
  func error(_ words: [String], warnings: Bool = false) throws -> String {
    let outcome = try Tool.run(words, in: folder.url)
    #expect(outcome.status == 1, "\(words) \(outcome.status) \(outcome.errors)")
    #expect(outcome.output.isEmpty)
    let lines = outcome.errors.split(separator: "\n")
      .filter { !warnings || !$0.hasPrefix("warning: ") }
    #expect(lines.count == 1 && lines[0].hasPrefix("Error: "), "\(outcome.errors)")
    return String((lines.first ?? "").dropFirst("Error: ".count))
  }

  /// A run's object.
  func object(_ words: String...) throws -> [String: Any] {
    let outcome = try Tool.run(words + ["--json"], in: folder.url)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }
}
