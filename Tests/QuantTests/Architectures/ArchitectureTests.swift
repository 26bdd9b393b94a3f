// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Architectures compute the reference's logits")
struct ArchitectureTests {
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
}
