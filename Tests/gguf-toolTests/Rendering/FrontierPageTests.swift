// SPDX-License-Identifier: MIT
import Foundation
import Quant
import Testing
import gguf_tool

@Suite("Page of a frontier") struct FrontierPageTests {
  @Test func `the whole page is well-formed and needs no other file`() {
    let html = FrontierPage.html(of: SampleFrontier.whole)
    let page = PageElements(html)
    #expect(page.isWellFormed)
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    #expect(page.named("script").isEmpty && page.named("link").isEmpty)
    #expect(page.all.allSatisfy { $0.attributes["src"] == nil && $0.attributes["href"] == nil })
    #expect(!html.contains("url(") && !html.contains("@import"))
    #expect(html.contains("prefers-color-scheme: dark") && html.contains("@media print"))
  }

  @Test func `every variant has a mark in each plot and a row in the table`() {
    let frontier = SampleFrontier.whole
    let page = PageElements(FrontierPage.html(of: frontier))
    let count = frontier.points.count
    // One for divergence, one for each of three texts, one for speed.
    let titles = page.named("title").map(\.text)
    #expect(page.ofClass("plot").count == 5)
    for point in frontier.points {
      let start = "\(point.series.rawValue), \(point.label)"
      #expect(titles.count { $0.hasPrefix(start + ":") || $0.hasPrefix(start + ", ") } == 5)
    }
    #expect(page.named("tr").count == 1 + count)
    #expect(page.ofClass("picked").count == 5)
    #expect(page.ofClass("level").count == 4)
    #expect(page.ofClass("chosen").count == 1)
  }

  @Test func `the front is told by its marks, its line and the table`() {
    let frontier = SampleFrontier.whole
    let page = PageElements(FrontierPage.html(of: frontier))
    let front = frontier.points.count { $0.isOnFront }
    #expect(page.ofClass("front").count == 5)
    #expect(page.ofClass("dot").count { $0.text == "●" } == front)
    let line = page.ofClass("front")[0].attributes["points", default: ""]
    #expect(line.split(separator: " ").count == front)
  }

  @Test func `the head tells size, texts, variants, pick and what speeds rest on`() {
    let page = PageElements(FrontierPage.html(of: SampleFrontier.whole))
    #expect(page.named("h1").map(\.text) == ["tiny-moe-f16.gguf"])
    let facts = page.named("dd").map(\.text)
    #expect(facts[0] == "26.23 MiB (27.50 MB)")
    #expect(facts[1].hasPrefix("wikitext2 (perplexity 38.100\u{A0}±\u{A0}0.15), ptb "))
    #expect(facts[2].hasSuffix("router 9, sensitivity 9), 12 on the front"))
    #expect(page.named("strong").map(\.text) == ["Picked: per-expert 5.4 bits"])
    #expect(page.named("li").contains { $0.text.hasSuffix("that they agree is no validation.") })
  }

  @Test func `names are text, whatever is in them`() {
    let evil = "</h1><script>alert('x')</script> & \"a\"\u{1B}[2J\u{202E}\u{FFFF}"
    let points = [
      SampleFrontier.point(.perExpert, evil, bytes: 9 << 20, divergence: 0.1, texts: [evil])
    ]
    let html = FrontierPage.html(of: SampleFrontier.plain(points, model: evil, name: evil))
    let page = PageElements(html)
    #expect(page.isWellFormed)
    #expect(!html.contains("<script"))
    let shown = "</h1><script>alert('x')</script> & \"a\"\\u{1B}[2J\\u{202E}\u{FFFD}"
    #expect(page.named("h1").map(\.text) == [shown])
    #expect(page.ofClass("path").map(\.text) == [shown])
    #expect(page.named("th").map(\.text).last == "perplexity, \(shown)")
  }

  @Test func `nothing to show is said, not drawn`() {
    let page = PageElements(FrontierPage.html(of: SampleFrontier.plain([])))
    #expect(page.isWellFormed)
    #expect(page.named("svg").isEmpty && page.named("table").isEmpty)
    #expect(page.named("h2").map(\.text) == ["All variants"])
    let nothing = Frontier(of: "", bytes: 0, base: [], expertLayers: [], points: [])
    #expect(PageElements(FrontierPage.html(of: nothing)).isWellFormed)
  }

  @Test(
    arguments: [
      [0], [0, 0], [0.01], [0.01, 0.01], [0, 1e-12, 3], [-1e-9, 0.5], [1e-30, 1e30], [.nan, 0.1],
      [.infinity, 0.1], [.nan], [0x1p-1074, 1.7e308], [1e-300, 2e-300], [0.1, 0.1 + 1e-16],
    ] as [[Double]])
  func `coordinates stay within the picture`(divergences: [Double]) throws {
    let points = divergences.enumerated().map { index, divergence in
      SampleFrontier.point(
        .merged, "\(index)", bytes: [0, 1, Int.max][index % 3], divergence: divergence,
        speed: Frontier.Speed(divergence, from: -divergence, to: .infinity))
    }
    let html = FrontierPage.html(of: SampleFrontier.plain(points))
    #expect(PageElements(html).isWellFormed)
    for match in html.matches(of: /\b(?:x|y|x1|x2|y1|y2|cx|cy|width)="([^"]*)"/) {
      let value = try #require(Double(match.output.1), "\(match.output.0)")
      #expect((-10...1200).contains(value))
    }
    for match in html.matches(of: /\b(?:points|transform|d)="([^"]*)"/) {
      let isFinite = !match.output.1.contains("NaN") && !match.output.1.contains("inf")
      #expect(isFinite, "\(match.output.0)")
    }
  }

  @Test func `without the model's own perplexity there is no dashed line, nor a word of it`() {
    let points = [SampleFrontier.point(.uniform, "Q4_K", bytes: 1 << 20, divergence: 0.1)]
    let html = FrontierPage.html(
      of: Frontier(of: "model", bytes: 1 << 30, base: [], expertLayers: [], points: points))
    #expect(PageElements(html).ofClass("level").isEmpty)
    #expect(!html.contains("dashed line"))
  }

  @Test func `variants without figures are counted below the plots`() {
    let points = [
      SampleFrontier.point(.uniform, "Q4_K", bytes: 1 << 20, divergence: 0.1),
      SampleFrontier.point(.uniform, "Q2_K", bytes: 1 << 19, divergence: .nan),
    ]
    let page = PageElements(FrontierPage.html(of: SampleFrontier.plain(points)))
    #expect(page.ofClass("plot").count == 2)
    let captions = page.named("figcaption").map(\.text)
    #expect(captions.allSatisfy { $0.hasSuffix("Not shown, for want of figures: 1 variant.") })
    #expect(page.named("tr").count == 3)
  }
}

@Suite("Heat maps of a frontier") struct FrontierHeatMapTests {
  private func page(layers: Int, experts: Int, points: Int, pick: Int? = nil) -> String {
    let rows = (0..<layers).map { layer in
      (0..<experts).map { [1.56, 2.5, 3.44, 4.5, 6.56][(layer * 7 + $0 * $0) % 5] }
    }
    let points = (0..<points).map { index in
      SampleFrontier.point(
        .perExpert, "number \(index)", bytes: (index + 1) << 20, divergence: 1 / Double(index + 1),
        expertBits: rows)
    }
    return FrontierPage.html(
      of: Frontier(
        of: "model", bytes: 1 << 30, base: [], expertLayers: Array(3..<3 + layers), points: points,
        pick: pick.map { Frontier.Pick(by: "quality", point: $0, because: "it is best.") }))
  }

  @Test func `few experts have cells with numbers`() {
    let page = PageElements(page(layers: 3, experts: 8, points: 2))
    #expect(page.ofClass("map").count == 2)
    #expect(page.ofClass("cell").count == 2 * 3 * 8)
    #expect(page.named("title").contains { $0.text == "layer 5, expert 7: 4.50 bits a weight" })
  }

  @Test func `at most six maps, evenly chosen, the picked one among them`() {
    let page = PageElements(page(layers: 1, experts: 2, points: 20, pick: 9))
    #expect(page.ofClass("map").count == 6)
    let captions = page.named("figcaption").map(\.text).filter { $0.contains("number") }
    let numbers = captions.compactMap { $0.split(separator: " ")[2].split(separator: ":").first }
    #expect(numbers == ["0", "3", "9", "11", "15", "19"])
  }

  @Test func `256 experts in 60 layers make a page of moderate size`() {
    let html = page(layers: 60, experts: 256, points: 9)
    #expect(html.utf8.count < 4_000_000)
    #expect(PageElements(html).isWellFormed)
  }

  @Test func `layers without experts, or with bits that are none, do no harm`() {
    for rows in [[], [[]], [[], [4.5]], [[.nan, 0, .infinity, -1]], [[4.5, .nan], [1e300]]] {
      let point = SampleFrontier.point(
        .perExpert, "odd", bytes: 1 << 20, divergence: 0.1, expertBits: rows as [[Double]])
      let html = FrontierPage.html(of: SampleFrontier.plain([point]))
      #expect(PageElements(html).isWellFormed)
      #expect(!html.contains("NaN") && !html.contains("inf\""))
    }
  }
}
