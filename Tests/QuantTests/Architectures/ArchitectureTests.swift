// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("Architectures compute the reference's logits")
struct ArchitectureTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The models of `shared/architectures`; empty where that is not there.
  static let names: [String] = {
    guard let folder = Paths.shared?.appending(path: "architectures") else { return [] }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".gguf") && !$0.contains(".expected.") }
      .map { String($0.dropLast(".gguf".count)) }.sorted()
  }()

  @Test(arguments: names)
  func singlePrecision(name: String) throws {
    let folder = try #require(Paths.shared).appending(path: "architectures")
    let difference = try ExpectedLogits(name, in: folder).largestDifference(mode: .f32)
    #expect(difference < 1e-3)
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
