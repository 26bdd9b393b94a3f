// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing
import gguf_tool

@Suite("Plot of memory against context") struct MemoryPlotTests {
  /// A model in two sets of types, on one card of 2 MiB.
  private func plot(_ budget: MemoryBudget?, gpuCount: Int = 1) throws -> MemoryPlot {
    let folder = try TemporaryFolder()
    try TinyLlama().file().write(to: folder.path("m.gguf"))
    let model = try MemoryModel(GGUFFile.open(folder.path("m.gguf")))
    let small = try model.retyped(
      Recipe(preset: FileType(name: "Q8_0")), hasImportance: false)
    let curves = [("as <it> is", model), ("Q8_0", small)].map {
      MemoryCurve(
        $0.0, $0.1, options: ContextOptions(context: 256), gpuCount: gpuCount,
        contexts: [1024, 2048, 4096])
    }
    return MemoryPlot(model: "m & n.gguf", curves: curves, budget: budget, gpuCount: gpuCount)
  }

  @Test func `a line for each set of types, and that of the card`() throws {
    let budget = MemoryBudget(gpus: [2 << 20], margin: 1 << 19)
    let page = PageElements(try plot(budget).text(for: "m.svg"))
    #expect(page.isWellFormed)
    #expect(page.all.first?.name == "svg")
    #expect(page.ofClass("line").count == 2 && page.ofClass("mark").count == 6)
    #expect(page.ofClass("label").map(\.text).sorted() == ["Q8_0", "as <it> is"])
    #expect(page.ofClass("level").count == 2)
    #expect(
      page.ofClass("level-name").map(\.text) == [
        "the card: 2.00 MiB", "left for the model: 1.50 MiB",
      ])
    let titles = page.named("title").map(\.text)
    #expect(titles.count == 6 && titles[0].hasPrefix("as <it> is, 1,024 tokens: "))
    let ticks = page.ofClass("tick").map(\.text)
    #expect(["1k", "2k", "4k"].allSatisfy(ticks.contains))
    #expect(page.ofClass("axis-name").map(\.text) == ["GPU memory, GiB", "tokens of context"])
  }

  /// More memory is higher, and more context further right.
  @Test func `points are where they belong`() throws {
    let page = PageElements(try plot(nil).text(for: "m.svg"))
    #expect(page.ofClass("level").isEmpty)
    let marks = page.ofClass("mark").map { mark in
      (x: Double(mark.attributes["cx"] ?? "") ?? 0, y: Double(mark.attributes["cy"] ?? "") ?? 0)
    }
    #expect(marks[0].x < marks[1].x && marks[1].x - marks[0].x == marks[2].x - marks[1].x)
    #expect(marks[0].y > marks[1].y && marks[1].y > marks[2].y)
    #expect(marks[3].x == marks[0].x && marks[3].y > marks[0].y)
    let labels = page.ofClass("label").compactMap { Double($0.attributes["y"] ?? "") }
    #expect(labels.count == 2 && abs(labels[1] - labels[0]) > 14.5)
  }

  @Test func `a name that ends in html makes a page`() throws {
    let text = try plot(MemoryBudget(gpus: [], host: 1 << 30), gpuCount: 0).text(for: "M.HTML")
    #expect(text.hasPrefix("<!DOCTYPE html>\n"))
    let page = PageElements(text)
    #expect(page.isWellFormed && page.named("svg").count == 1)
    #expect(page.named("title").first?.text == "Memory of m & n.gguf")
    #expect(page.ofClass("level-name").first?.text == "host memory: 1.00 GiB")
  }
}
