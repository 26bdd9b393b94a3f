// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Architectures compute the reference's logits")
struct ArchitectureTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A tiny model of `shared` with the logits expected of it.
  struct Model: CustomTestStringConvertible, Sendable {
    let folder: URL
    let name: String

    var testDescription: String { name }
    var path: String { folder.appending(path: "\(name).gguf").path }

    func open() throws -> GGUFFile { try GGUFFile.open(path) }
    func expected() throws -> ExpectedLogits { try ExpectedLogits(name, in: folder) }
  }

  /// The models of `shared/architectures` and `shared/architectures2`; none where these are not there.
  static let models: [Model] = ["architectures", "architectures2"].flatMap { name in
    guard let folder = Paths.shared?.appending(path: name) else { return [Model]() }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".gguf") && !$0.contains(".expected.") }.sorted()
      .map { Model(folder: folder, name: String($0.dropLast(".gguf".count))) }
  }

  @Test(.enabled(if: Paths.shared != nil, "needs the models in ../shared"), arguments: models)
  func singlePrecision(model: Model) throws {
    let expected = try model.expected()
    let difference = try expected.largestDifference(mode: .f32)
    #expect(difference < expected.limit)
  }

  /// Models that no folder of `shared` has: `Tests/Scripts/architecture_models.py` made them, and the logits
  /// by a forward pass of its own in double precision.
  static let own: [String] = {
    let folder = Paths.testVectors.appending(path: "architectures")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".gguf.zst") && !$0.contains(".expected.") }
      .map { String($0.dropLast(".gguf.zst".count)) }.sorted()
  }()

  @Test(arguments: own)
  func doublePrecision(name: String) throws {
    for suffix in ["gguf", "expected.gguf"] {
      try Zstd.expand("architectures/\(name).\(suffix)", into: folder.url)
    }
    let difference = try ExpectedLogits(name, in: folder.url).largestDifference(mode: .f32)
    #expect(difference < 2e-4)
  }
}
