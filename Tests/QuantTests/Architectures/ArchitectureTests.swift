// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("Architectures compute the reference's logits")
struct ArchitectureTests {
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
}
