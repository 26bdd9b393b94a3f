// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Every architecture is complete, and stands in one file.
@Suite("The registry of architectures") struct ArchitectureRegistryTests {
  /// One name of an architecture.
  struct Entry: CustomTestStringConvertible {
    let name: String
    let type: any Architecture.Type

    var isEvaluable: Bool { type is any EvaluableArchitecture.Type }
    var testDescription: String { name }
  }

  static let entries = ArchitectureRegistry.all.flatMap { type in
    type.names.map { Entry(name: $0, type: type) }
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Prints what is known of each architecture.
  @Test func `names are unique, and a table shows what each can do`() {
    var rows = [["architecture", "evaluates", "memory", "converts"]]
    for entry in Self.entries.sorted(by: { $0.name < $1.name }) {
      rows.append([
        entry.name, entry.isEvaluable ? "yes" : "no",
        entry.type.memory(entry.name).isExact ? "exact" : "bound",
        entry.type.modelTypes.isEmpty ? "no" : "yes",
      ])
    }
    for row in rows {
      print(row.map { $0.padding(toLength: 14, withPad: " ", startingAt: 0) }.joined())
    }
    #expect(Set(Self.entries.map(\.name)).count == Self.entries.count)
    #expect(ArchitectureRegistry.all.allSatisfy { !$0.names.isEmpty })
    #expect(
      ArchitectureRegistry.names == Self.entries.filter(\.isEvaluable).map(\.name).sorted())
  }

  @Test(arguments: entries)
  func `what cannot be evaluated says so`(entry: Entry) throws {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string(MetadataString(entry.name))
    let path = folder.path("model.gguf")
    try model.write(to: path)
    let file = try GGUFFile.open(path)
    let error = #expect(throws: QuantError.self) {
      try ArchitectureRegistry.graph(of: file, contextLength: 1)
    }
    // Without keys nothing can be evaluated; those that could be miss their keys.
    let expected =
      entry.isEvaluable
      ? "expected the key \(entry.name)."
      : "expected one of the \(ArchitectureRegistry.names.count) architectures that"
    #expect(error?.description.contains(expected) == true)
  }

  /// Architectures of the common form, as the small transformer here has it; tests of their own hold those
  /// whose layers keep other things.
  private static let common = entries.filter {
    let computation = $0.type.memory($0.name).computation
    return computation?.family == .standard && !others.contains($0.name)
  }
  private static let others: Set<String> = [
    "cohere2", "gemma3n", "gemma4", "llama4", "qwen3vl", "qwen3vlmoe", "step35",
  ]

  @Test(arguments: common)
  func `the period of windows decides which layers cache a window`(entry: Entry) throws {
    let period = entry.type.memory(entry.name).slidingPeriod
    // With a period of 1 no layer would have a window.
    try #require(period != 1)
    let layers = 2 * max(period, 1)
    let model = try Self.dense(entry.name, layers: layers)
    let windows = model.shape.layers.map { $0.attention?.isSliding }
    #expect(windows == (1...layers).map { period > 0 && $0 % period != 0 })
  }

  @Test(arguments: common)
  func `compute buffers are replayed where the computation is known`(entry: Entry) throws {
    let model = try Self.dense(entry.name, layers: 2)
    let estimate = MemoryEstimate(
      model, placement: DevicePlacement(model, rule: PlacementRule(gpuCount: 1)),
      options: ContextOptions(context: 512), rule: .best)
    #expect(estimate.computeMethod == .replayed)
  }

  /// A small transformer without experts, with a key for a window.
  static func dense(_ name: String, layers: Int) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string(MetadataString(name))
    for (key, value) in [
      ("block_count", layers), ("embedding_length", 64), ("feed_forward_length", 128),
      ("attention.head_count", 4), ("attention.head_count_kv", 2), ("context_length", 512),
      ("attention.sliding_window", 128),
    ] { metadata["\(name).\(key)"] = .uint32(UInt32(value)) }
    var tensors = [("token_embd", [64, 100]), ("output_norm", [64])]
    for layer in 0..<layers {
      tensors += [
        ("attn_norm", [64]), ("attn_q", [64, 64]), ("attn_k", [64, 32]), ("attn_v", [64, 32]),
        ("attn_output", [64, 64]), ("ffn_norm", [64]), ("ffn_gate", [64, 128]),
        ("ffn_up", [64, 128]), ("ffn_down", [128, 64]),
      ].map { ("blk.\(layer).\($0)", $1) }
    }
    return try MemoryModel(
      name: "m.gguf", metadata: metadata,
      tensors: tensors.map {
        TensorDescription(name: "\($0).weight", dimensions: $1, type: $1.count > 1 ? .F16 : .F32)
      }, fileBytes: nil)
  }

  @Test func `an architecture that nobody knows is bounded`() throws {
    let model = try Self.dense("unheard-of", layers: 2)
    let estimate = MemoryEstimate(
      model, placement: DevicePlacement(model, rule: PlacementRule(gpuCount: 1)),
      options: ContextOptions(context: 512))
    #expect(estimate.computeMethod == .bound)
  }

  @Test func `every model type leads to one architecture`() {
    let types = ArchitectureRegistry.modelTypes
    #expect(Set(types).count == types.count)
    let converted = ArchitectureRegistry.all.filter {
      $0 is any EvaluableArchitecture.Type && !($0 is any FileArchitecture.Type)
    }
    #expect(converted.allSatisfy { !$0.modelTypes.isEmpty })
  }

  /// Names in backquotes between two marks of Docs/Evaluation.md, but for the last column.
  private static func documented(_ mark: String) throws -> [String] {
    let page = try String(
      contentsOf: Paths.root.appending(path: "Docs/Evaluation.md"), encoding: .utf8)
    let parts = page.components(separatedBy: "<!-- \(mark) -->")
    let table = try #require(parts.last?.components(separatedBy: "<!-- end of \(mark) -->").first)
    return table.split(separator: "\n").dropFirst(2).flatMap { row in
      let cells = row.split(separator: "|").dropLast().joined()
      return cells.matches(of: /`([^`]+)`/).map { String($0.output.1) }
    }
  }

  @Test func `the documentation lists what can be evaluated, and what cannot`() throws {
    #expect(try Self.documented("architectures").sorted() == ArchitectureRegistry.names)
    let others = Self.entries.filter { !$0.isEvaluable }.map(\.name).sorted()
    #expect(try Self.documented("estimated").sorted() == others)
    let readme = try String(
      contentsOf: Paths.root.appending(path: "README.md"), encoding: .utf8)
    #expect(readme.contains("\(ArchitectureRegistry.names.count) architectures"))
  }

  @Test(arguments: entries)
  func `dense forms can be evaluated`(entry: Entry) {
    guard let form = entry.type.dense(entry.name) else { return }
    #expect(ArchitectureRegistry.names.contains(form.architecture))
  }

  /// A model of ours with the reference's logits, or a variant of scripts/check-architectures.
  @Test(.enabled(if: Paths.shared != nil, "needs the models in ../shared"))
  func `what can be evaluated is compared with the reference`() throws {
    let models = try ArchitectureTests.models.map { try $0.open().metadata.architecture }
    let script = try String(
      contentsOf: Paths.root.appending(path: "scripts/check-architectures"), encoding: .utf8)
    // Variants are registered with their architecture: @variant("NAME", …) and copy("…", function, "NAME", …).
    let variant = /^ *(?:@variant\(|copy\(f?"[^"]*", \w+, )"([^"]+)"/.anchorsMatchLineEndings()
    let variants = Set(script.matches(of: variant).map { String($0.output.1) })
    #expect(variants.isSubset(of: ArchitectureRegistry.names))
    for name in ArchitectureRegistry.names {
      #expect(models.contains(name) || variants.contains(name), "\(name) is compared with nothing")
    }
  }
}
