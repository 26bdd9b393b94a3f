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
        entry.type.huggingFace(entry.name) == nil ? "no" : "yes",
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
      : "expected one of the architectures \(ArchitectureRegistry.names.joined(separator: ", "))"
    #expect(error?.description.contains(expected) == true)
  }

  @Test(arguments: entries)
  func `what is said of memory makes sense`(entry: Entry) {
    let traits = entry.type.memory(entry.name)
    // With a period of 1 no layer would have a window.
    #expect(traits.slidingPeriod == 0 || traits.slidingPeriod > 1)
    #expect(
      ArchitectureRegistry.memory(entry.name).slidingPeriod == traits.slidingPeriod)
    let isExact = ArchitectureRegistry.names { $0.isExact }.contains(entry.name)
    #expect(isExact == traits.isExact)
  }

  @Test(arguments: entries)
  func `every model type leads to its architecture`(entry: Entry) {
    let types = [entry.name] + (entry.type.huggingFace(entry.name)?.modelTypes ?? [])
    for type in types {
      #expect(ArchitectureRegistry.huggingFace(type).architecture == entry.name)
    }
  }

  @Test(arguments: entries)
  func `dense forms can be evaluated`(entry: Entry) {
    guard let form = entry.type.dense(entry.name) else { return }
    #expect(ArchitectureRegistry.names.contains(form.architecture))
  }

  /// A model of ours with the reference's logits, or a variant of scripts/check-architectures.
  @Test(.enabled(if: Paths.shared != nil, "needs the models in ../shared"))
  func `what can be evaluated is compared with the reference`() throws {
    let folder = try #require(Paths.shared).appending(path: "architectures")
    let models = try ArchitectureTests.names.map {
      try GGUFFile.open(folder.appending(path: "\($0).gguf").path).metadata.architecture
    }
    let script = try String(
      contentsOf: Paths.root.appending(path: "scripts/check-architectures"), encoding: .utf8)
    for name in ArchitectureRegistry.names {
      let isVariant = script.contains("@variant(\"\(name)\"") || script.contains(", \"\(name)\"")
      #expect(models.contains(name) || isVariant, "\(name) is compared with nothing")
    }
  }
}
