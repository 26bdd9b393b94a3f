// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The table of README.md, made from the vectors: `FORMAT_TABLE=1 swift test --filter FormatTable`.
@Suite("The table of formats") struct FormatTable {
  private static let isWanted = ProcessInfo.processInfo.environment["FORMAT_TABLE"] != nil

  @Test(.enabled(if: isWanted, "set FORMAT_TABLE=1 to print it"))
  func `as Markdown`() throws {
    print(
      "| type | bits | read | write | error, plain | with importance |\n|---|---|---|---|---|---|")
    for format in FormatRegistry.all {
      let name = format.type.name
      let isWritten = FormatRegistry.encoder(of: format.type) != nil
      let bits = String(format: "%.4g", format.layout.bitsPerWeight)
      let errors = try ["plain", "imatrix"].map { try Self.ratio(name, $0) }
      print(
        "| \(name) | \(bits) | yes | \(isWritten ? "yes" : "–") | \(errors[0]) | \(errors[1]) |")
    }
  }

  /// Our error over the reference's, the mean over the sets; a dash where there is nothing to compare.
  private static func ratio(_ name: String, _ mode: String) throws -> String {
    let cases = try EncodeCase.all().filter { $0.type == name && $0.mode == mode }
    guard !cases.isEmpty else { return "–" }
    let sum = try cases.reduce(0.0) { try $0 + $1.error() / $1.referenceError }
    return String(format: "%.3f", sum / Double(cases.count))
  }
}
