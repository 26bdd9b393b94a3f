// SPDX-License-Identifier: MIT
import Foundation
import Quant
import Testing
import gguf_tool

/// What a page tells of single variants.
@Suite("Variants on the page of a frontier") struct FrontierVariantTests {
  private func page(
    _ points: [Frontier.Point], model: String = "model.gguf", name: String? = nil,
    importance: String? = nil
  ) -> PageElements {
    let frontier = SampleFrontier.plain(points, model: model, name: name, importance: importance)
    return PageElements(FrontierPage.html(of: frontier))
  }

  private func point(
    _ label: String = "Q4_K", divergence: Double = 0.1, speed: Frontier.Speed? = nil
  ) -> Frontier.Point {
    SampleFrontier.point(
      .uniform, label, bytes: 1 << 20, divergence: divergence, speed: speed)
  }

  @Test func `a model goes by its name, and its path stands below`() {
    let named = page([point()], model: "a/b/model.gguf", name: "Tiny <1>")
    #expect(named.named("h1").map(\.text) == ["Tiny <1>"])
    #expect(named.ofClass("path").map(\.text) == ["a/b/model.gguf"])
    #expect(
      named.named("title").contains { $0.text == "Variants of Tiny <1>" }, "the browser's title")
    for name in [nil, "", " "] {
      let plain = page([point()], model: "a/b/model.gguf", name: name)
      #expect(plain.named("h1").map(\.text) == ["model.gguf"])
    }
  }

  @Test func `every variant has its recipe and commands`() {
    let variant = SampleFrontier.point(
      .merged, "3.50 bits", bytes: 1 << 20, divergence: 0.1,
      recipe: "# of <x>\npreset = Q4_K_M\n^a$ = keep\n")
    let model = "my dir/it's-00001-of-00003.gguf"
    let page = page([variant, point()], model: model, importance: "i.gguf")
    let texts = page.named("pre").map(\.text)
    #expect(texts.count == 2 && page.named("summary").count == 2)
    #expect(
      texts.first == """
        cat > 'it'\\''s.merged-3.50-bits.recipe' <<'END'
        # of <x>
        preset = Q4_K_M
        ^a$ = keep
        END
        gguf-tool requantize 'my dir/it'\\''s-00001-of-00003.gguf' \
        'it'\\''s.merged-3.50-bits.gguf' --recipe 'it'\\''s.merged-3.50-bits.recipe' --imatrix i.gguf
        """)
  }

  @Test func `what llama.cpp does not load is told with the reason`() {
    let refused = SampleFrontier.point(
      .perExpert, "4.00 bits", bytes: 1 << 20, divergence: 0.2, refusal: "each expert is alone")
    let page = page([refused, point()])
    #expect(page.named("dd").map(\.text).contains("loads 1 of them"))
    let cells = page.named("td").map(\.text)
    #expect(cells.count { $0 == "loads" } == 1 && cells.count { $0 == "does not load" } == 1)
    let notes = page.ofClass("note").map(\.text)
    #expect(notes.contains("llama.cpp does not load 1 variant: each expert is alone."))
    #expect(notes.contains("llama.cpp does not load it: each expert is alone"))
  }

  @Test func `lost weights are told`() {
    let loss = TensorLoss("output.weight", "F16", weights: 1234, largest: 1e6)
    let variant = SampleFrontier.point(
      .uniform, "F16", bytes: 1 << 20, divergence: 0.2, losses: [loss])
    let notes = page([variant]).ofClass("note").map(\.text)
    #expect(notes.contains { $0.hasPrefix("output.weight: 1,234 weights are larger than F16") })
  }

  @Test(arguments: [
    (0.6321, "0.63"), (9.876, "9.9"), (9.96, "10"), (12.97, "13"), (123.4, "123"),
    (19_929.3, "19,900"), (999.6, "1,000"),
  ])
  func `speeds are no finer than predictions`(rate: Double, text: String) {
    let page = page([point(speed: Frontier.Speed(rate, from: rate, to: rate))])
    #expect(page.ofClass("number").last?.text == "\(text) (\(text)–\(text))")
  }

  @Test func `bits in a legend have no zeros at their end`() {
    let bits = [2.0625, 3.4375, 4.5000001, 16]
    let variant = SampleFrontier.point(
      .perExpert, "4.00 bits", bytes: 1 << 20, divergence: 0.2, expertBits: [bits])
    let scale = page([variant]).named("li").filter { $0.attributes["style"] != nil }.map(\.text)
    #expect(scale == ["2.06", "2.5", "3", "4", "5", "6", "8", "12", "16"])
    let even = SampleFrontier.point(
      .perExpert, "4.00 bits", bytes: 1 << 20, divergence: 0.2, expertBits: [[4.5, 4.5000001]])
    #expect(page([even]).named("li").filter { $0.attributes["style"] != nil }.count == 1)
  }

  @Test func `bars are drawn where they are longer than marks, and not over each other`() {
    // The sample's errors are 3 % of a divergence, and 0.3 % of a ratio of perplexities.
    let far = [(1, 0.01), (2, 0.1), (3, 3)].map { size, divergence in
      SampleFrontier.point(.uniform, "\(size)", bytes: size << 20, divergence: divergence)
    }
    #expect(page(far).ofClass("bar").isEmpty)
    let near = [(1, 0.1), (2, 0.11), (3, 0.12)].map { size, divergence in
      SampleFrontier.point(.uniform, "\(size)", bytes: size << 20, divergence: divergence)
    }
    let shown = page(near).ofClass("bar").count
    #expect(shown > 0)
    // Twice the points, and no more bars.
    #expect(page(near + near).ofClass("bar").count == shown)
    // A speed that may be anything has no bar that covers the others.
    let wide = [(1, 0.1), (2, 0.11), (3, 0.12)].map { size, divergence in
      SampleFrontier.point(
        .uniform, "\(size)", bytes: size << 20, divergence: divergence,
        speed: Frontier.Speed(Double(size), from: 0.01, to: 100))
    }
    let lines = page(wide).ofClass("bar")
    #expect(!lines.isEmpty)
    #expect(lines.allSatisfy { $0.attributes["x1"] == $0.attributes["x2"] }, "all stand upright")
  }
}
