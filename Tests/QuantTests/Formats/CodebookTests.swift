// SPDX-License-Identifier: MIT
import Foundation
import Quant
import TestSupport
import Testing

@Suite("Codebooks")
struct CodebookTests {
  /// The tables they were made from lie beside the checkout, on machines that have them.
  @Test(.enabled(if: Paths.shared != nil, "needs ../shared/codebooks beside the checkout"))
  func `packed tables unpack to the originals`() throws {
    #expect(try rows("iq1_s") == IQ1_SGrid.entries.map(values))
    #expect(try rows("iq2_xxs") == IQ2_XXSGrid.entries.map(values))
    #expect(try rows("iq2_xs") == IQ2_XSGrid.entries.map(values))
    #expect(try rows("iq2_s") == IQ2_SGrid.entries.map(values))
    #expect(try rows("iq3_xxs") == IQ3_XXSGrid.entries.map(values))
    #expect(try rows("iq3_s") == IQ3_SGrid.entries.map(values))
    #expect(try rows("iq4_nl") == (0..<16).map { [IQ4_NLValues.values[$0]] })
    // An exponent of 128 is a factor of 1 for the doubled values.
    #expect(try rows("mxfp4") == MXFP4.decoded([128] + Array(0..<16)).prefix(16).map { [$0] })
    #expect(try rows("even-signs") == (0..<128).map { [Float(SignMasks.even($0))] })
  }

  @Test func `an even mask has an even number of signs`() {
    for stored in 0..<128 {
      let mask = SignMasks.even(stored)
      #expect(mask & 127 == stored && mask.nonzeroBitCount % 2 == 0)
      let negative = values(SignMasks.factors[mask]).filter { $0 < 0 }.count
      #expect(negative == mask.nonzeroBitCount)
    }
  }

  @Test func `no group of a codebook occurs twice`() {
    #expect(Set(IQ1_SGrid.entries).count == 2048)
    #expect(Set(IQ2_XXSGrid.entries).count == 256)
    #expect(Set(IQ2_XSGrid.entries).count == 512)
    #expect(Set(IQ2_SGrid.entries).count == 1024)
    #expect(Set(IQ3_XXSGrid.entries).count == 256)
    #expect(Set(IQ3_SGrid.entries).count == 512)
  }

  private func values<V: SIMD<Float>>(_ group: V) -> [Float] { group.indices.map { group[$0] } }

  private func rows(_ name: String) throws -> [[Float]] {
    let folder = try #require(Paths.shared).appending(path: "codebooks")
    let text = try String(contentsOf: folder.appending(path: name + ".txt"), encoding: .utf8)
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: " ").compactMap { Float($0) } }
  }
}
