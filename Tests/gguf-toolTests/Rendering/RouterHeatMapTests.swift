// SPDX-License-Identifier: MIT
import Foundation
import Quant
import Testing
import gguf_tool

@Suite("Router heat map") struct RouterHeatMapTests {
  /// Layers 0 and 12 with 8 experts of which 2 are used: even use in the first, two favourites in the other.
  private var statistics: RouterStatistics {
    var even = RouterStatistics.Layer(layer: 0, expertCount: 8)
    var uneven = RouterStatistics.Layer(layer: 12, expertCount: 8)
    for token in 0..<8 as Range<Int32> {
      let weights: [Float] = [0.6, 0.4]
      even.add(experts: [token, (token + 1) % 8].span, weights: weights.span)
      uneven.add(experts: [1, token == 1 ? 0 : 2].span, weights: weights.span)
    }
    var statistics = RouterStatistics()
    statistics.add(even)
    statistics.add(uneven)
    return statistics
  }

  @Test func `a line a layer, a cell an expert`() {
    let lines = RouterHeatMap(statistics).lines(width: 80)
    #expect(lines.count == 3)
    #expect(lines[0] == "layer  0 ▕▒▒▒▒▒▒▒▒▏")
    #expect(lines[1] == "layer 12 ▕░██     ▏")
    #expect(lines[2].hasPrefix("even use is 1: · from 0.1, ░ from 0.5"))
  }

  @Test func `many experts share cells`() {
    let lines = RouterHeatMap(statistics).lines(width: 15)
    #expect(lines[0] == "layer  0 ▕▒▒▒▒▏")
    #expect(lines[2].hasSuffix("a cell is 2 experts"))
    #expect(RouterHeatMap(RouterStatistics()).lines(width: 80).isEmpty)
  }

  @Test func `the picture is well-formed and holds every cell twice`() throws {
    let text = RouterHeatMapSVG.text(of: statistics)
    let parser = XMLChecker(text)
    #expect(parser.isBalanced)
    #expect(text.components(separatedBy: "<title>").count - 1 == 2 * 16)
    #expect(text.contains("layer 12, expert 1: 100.00 % of tokens, mean weight 0.6000"))
    let width = try #require(text.firstMatch(of: /width="(\d+)" height="\d+" viewBox="0 0 (\d+)/))
    #expect(width.output.1 == width.output.2)
    // Room for the longer title, 54 characters from pixel 56 on.
    #expect(try #require(Int(width.output.1)) >= 56 + 54 * 7)
  }
}

/// Whether every element that is opened is closed.
private struct XMLChecker {
  let isBalanced: Bool

  init(_ text: String) {
    var open: [Substring] = []
    var isBalanced = true
    for match in text.matches(of: /<(\/?)([a-z]+)[^>]*?(\/?)>/) where match.output.3.isEmpty {
      if match.output.1.isEmpty {
        open.append(match.output.2)
      } else {
        isBalanced = isBalanced && open.popLast() == match.output.2
      }
    }
    self.isBalanced = isBalanced && open.isEmpty
  }
}
