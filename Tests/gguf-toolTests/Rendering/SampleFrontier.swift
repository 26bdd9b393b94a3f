// SPDX-License-Identifier: MIT
import Foundation
import Quant

/// Frontiers made up for tests of their page.
enum SampleFrontier {
  /// Three texts, every series, speeds and a pick, as of a small model with 4 layers of 8 experts.
  static var whole: Frontier {
    let points = perExpert + merged + uniform + counted
    return Frontier(
      of: "tiny-moe-f16.gguf", bytes: 27_500_000, base: results(divergence: 0, texts: texts),
      expertLayers: [0, 1, 2, 3], points: points, machine: "one A100, 64 GB of host memory",
      speedBasis: [
        "The published ends, 0.63 and 13.00 tokens a second, set the two parameters of the model: "
          + "that they agree is no validation.",
        "Ranges are the spread over the routers' choices.",
      ],
      pick: Frontier.Pick(
        by: "balanced", point: 4,
        because: "the smallest file whose perplexity rises by less than 2 % on every text."))
  }

  /// A frontier of given points and nothing else.
  static func plain(
    _ points: [Frontier.Point], model: String = "model.gguf", name: String? = nil,
    importance: String? = nil
  ) -> Frontier {
    Frontier(
      of: model, bytes: 1 << 30, base: results(divergence: 0, texts: ["wikitext2"]),
      expertLayers: [], points: points, name: name, importance: importance)
  }

  /// A point with the same figures on each text.
  static func point(
    _ series: Frontier.Point.Series, _ label: String, bytes: Int, divergence: Double,
    texts: [String] = ["wikitext2"], speed: Frontier.Speed? = nil, expertBits: [[Double]] = [],
    experts: Int? = nil, recipe: String = "preset = F16\n", refusal: String? = nil,
    losses: [TensorLoss] = []
  ) -> Frontier.Point {
    Frontier.Point(
      in: series, label, bytes: bytes, bitsPerWeight: Double(bytes) * 16 / 27_500_000,
      expectedDivergence: divergence * 0.9, results: results(divergence: divergence, texts: texts),
      quantizedExperts: experts, speed: speed, expertBits: expertBits, recipe: recipe,
      llamaCpp: LlamaCppSupport(refusal: refusal), losses: losses)
  }

  static let texts = ["wikitext2", "ptb", "c4-sample"]
  private static let ownPerplexity = [38.1, 135.9, 72.4]

  private static func results(divergence: Double, texts: [String]) -> [TextResult] {
    texts.indices.map { index in
      let own = ownPerplexity[index % ownPerplexity.count]
      let ratio = exp(min(divergence, 1e6)) * (1 + 0.002 * sin(divergence * 900 + Double(index)))
      return TextResult(
        on: texts[index], perplexity: MeasuredValue(own * ratio, error: own * 0.004),
        ratio: MeasuredValue(ratio, error: 0.003),
        divergence: MeasuredValue(
          divergence * (1 + 0.1 * Double(index)), error: 0.03 * divergence))
    }
  }

  private static var perExpert: [Frontier.Point] {
    stride(from: 2.2, through: 8.6, by: 0.8).map { bits in
      sized(.perExpert, "\((bits * 10).rounded() / 10) bits", bits, factor: 1, spread: 1.5)
    }
  }

  private static var merged: [Frontier.Point] {
    stride(from: 2.2, through: 8.6, by: 0.8).map { bits in
      sized(.merged, "\((bits * 10).rounded() / 10) bits", bits, factor: 1.25, spread: 0)
    }
  }

  private static var uniform: [Frontier.Point] {
    [("IQ2_S", 2.5), ("Q3_K", 3.44), ("IQ4_XS", 4.25), ("Q4_K", 4.5), ("Q6_K", 6.56), ("F16", 16)]
      .map { sized(.uniform, $0.0, $0.1, factor: $0.1 == 16 ? 0 : 1.6, spread: 0) }
  }

  /// The knob of the mixture of precisions: n of 32 experts in 4 bits.
  private static var counted: [Frontier.Point] {
    let series: [(Frontier.Point.Series, Double)] = [
      (.random, 1.15), (.router, 0.9), (.sensitivity, 0.75),
    ]
    return series.flatMap { series, factor in
      stride(from: 0, through: 32, by: 4).map { count in
        let damage = 0.03 * pow(Double(count) / 32, 1.2) * (count == 32 ? 1 : factor)
        let speed = 0.63 * pow(13 / 0.63, Double(count) / 32)
        return point(
          series, "\(count) experts", bytes: 27_500_000 - count * 520_000, divergence: damage,
          texts: texts,
          speed: Frontier.Speed(speed, from: speed * 0.85, to: speed * 1.12), experts: count)
      }
    }
  }

  private static func sized(
    _ series: Frontier.Point.Series, _ label: String, _ bits: Double, factor: Double,
    spread: Double
  ) -> Frontier.Point {
    let rows = (0..<4).map { layer in
      (0..<8).map { expert in
        max(1.56, bits + spread * sin(Double(layer * 8 + expert) * 1.7))
      }
    }
    return point(
      series, label, bytes: Int(bits / 16 * 27_500_000),
      divergence: factor * pow(2, -1.6 * bits) * 6,
      texts: texts, speed: Frontier.Speed(60 / bits, from: 50 / bits, to: 66 / bits),
      expertBits: rows)
  }
}
