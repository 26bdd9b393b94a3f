// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Encoders") struct EncoderStatesTests {
  private typealias Row = PlainModel.Row
  private static let (width, heads, size, hidden) = (24, 3, 8, 40)

  private static func model(
    _ architecture: String, layers: Int, _ keys: [String: MetadataValue] = [:]
  ) -> PlainModel {
    let own: [String: MetadataValue] = [
      "attention.head_count": .uint32(UInt32(heads)),
      "feed_forward_length": .uint32(UInt32(hidden)),
    ]
    return PlainModel(
      architecture, width: width, layers: layers, own.merging(keys, uniquingKeysWith: { $1 }))
  }

  /// Queries, keys and values of all positions.
  private static func parts(_ model: PlainModel, _ prefix: String, _ x: [Row]) -> [[[Row]]] {
    let all = x.map { row in
      ["q", "k", "v"].map { model.product("\(prefix)\($0)", row, outputs: width) }
    }
    return (0..<3).map { part in all.map { PlainModel.heads($0[part], size) } }
  }

  // MARK: BERT

  private static func bert() -> PlainModel {
    var model = model("bert", layers: 2)
    model.matrix("token_types", width, 2)
    model.matrix("position_embd", width, 64)
    model.norm("token_embd_norm", width, bias: true)
    for layer in 0..<2 {
      let prefix = "blk.\(layer)."
      for part in ["q", "k", "v", "output"] {
        model.matrix("\(prefix)attn_\(part)", width, width)
        model.add("\(prefix)attn_\(part).bias", [width], spread: 0.5)
      }
      model.norm("\(prefix)attn_output_norm", width, bias: true)
      model.matrix("\(prefix)ffn_up", width, hidden)
      model.matrix("\(prefix)ffn_down", hidden, width)
      model.norm("\(prefix)layer_output_norm", width, bias: true)
    }
    return model
  }

  @Test func `norms behind sums, learned positions and kinds of token`() throws {
    let model = Self.bert()
    let difference = try model.largestDifference(length: 20) { tokens in
      var x = tokens.enumerated().map { position, token in
        let row = PlainModel.sum(
          model.row("token_embd", Int(token), Self.width), model.row("token_types", 0, Self.width))
        return model.norm(
          "token_embd_norm",
          PlainModel.sum(row, model.row("position_embd", position, Self.width)), centered: true)
      }
      for layer in 0..<2 {
        let prefix = "blk.\(layer)."
        let made = Self.parts(model, "\(prefix)attn_", x)
        x = x.indices.map { position in
          let answer = PlainModel.answer(
            made[0][position], made[1], made[2], scale: 1 / Double(Self.size).squareRoot()
          ) { _, _ in 0 }
          let y = model.product("\(prefix)attn_output", answer, outputs: Self.width)
          let mixed = model.norm(
            "\(prefix)attn_output_norm", PlainModel.sum(x[position], y), centered: true)
          let up = model.product("\(prefix)ffn_up", mixed, outputs: Self.hidden)
          let down = model.product(
            "\(prefix)ffn_down", up.map(PlainModel.gelu), outputs: Self.width)
          return model.norm(
            "\(prefix)layer_output_norm", PlainModel.sum(mixed, down), centered: true)
        }
      }
      return x
    }
    #expect(difference < 1e-5)
  }

  // MARK: Windows

  @Test func `windows of ModernBERT reach both ways`() throws {
    let layers = 4
    var model = Self.model(
      "modern-bert", layers: layers,
      [
        "attention.sliding_window": .uint32(7), "rope.freq_base": .float32(500),
        "rope.freq_base_swa": .float32(90),
      ])
    for name in ["token_embd_norm", "output_norm"] { model.norm(name, Self.width) }
    for layer in 0..<layers {
      let prefix = "blk.\(layer)."
      if layer > 0 { model.norm("\(prefix)attn_norm", Self.width) }
      model.norm("\(prefix)ffn_norm", Self.width)
      model.matrix("\(prefix)attn_qkv", Self.width, 3 * Self.width)
      model.matrix("\(prefix)attn_output", Self.width, Self.width)
      model.matrix("\(prefix)ffn_up", Self.width, 2 * Self.hidden)
      model.matrix("\(prefix)ffn_down", Self.hidden, Self.width)
    }
    let difference = try model.largestDifference(length: 30) { tokens in
      var x = tokens.map {
        model.norm("token_embd_norm", model.row("token_embd", Int($0), Self.width), centered: true)
      }
      for layer in 0..<layers { Self.modernLayer(layer, model, &x) }
      return x.map { model.norm("output_norm", $0, centered: true) }
    }
    #expect(difference < 1e-4)
  }

  private static func modernLayer(_ layer: Int, _ model: PlainModel, _ x: inout [Row]) {
    let prefix = "blk.\(layer)."
    let isFull = layer % 3 == 0
    let made = x.indices.map { position in
      let h =
        layer == 0 ? x[position] : model.norm("\(prefix)attn_norm", x[position], centered: true)
      let heads = PlainModel.heads(
        model.product("\(prefix)attn_qkv", h, outputs: 3 * width), size)
      return heads.enumerated().map { index, head in
        index < 2 * Self.heads
          ? PlainModel.rotated(head, position, base: isFull ? 500 : 90) : head
      }
    }
    let keys = made.map { Array($0[heads..<2 * heads]) }
    let values = made.map { Array($0[(2 * heads)...]) }
    for position in x.indices {
      let answer = PlainModel.answer(
        Array(made[position][..<heads]), keys, values, scale: 1 / Double(size).squareRoot()
      ) { _, key in isFull || abs(key - position) <= 3 ? 0 : nil }
      let y = model.product("\(prefix)attn_output", answer, outputs: width)
      x[position] = PlainModel.sum(x[position], y)
      let h = model.norm("\(prefix)ffn_norm", x[position], centered: true)
      let both = model.product("\(prefix)ffn_up", h, outputs: 2 * hidden)
      let gated = (0..<hidden).map { PlainModel.gelu(both[$0]) * both[hidden + $0] }
      x[position] = PlainModel.sum(
        x[position], model.product("\(prefix)ffn_down", gated, outputs: width))
    }
  }

  // MARK: T5

  private static let buckets = 12

  private static func t5(_ sides: [String]) -> PlainModel {
    var model = model(
      sides.count > 1 ? "t5" : "t5encoder", layers: 2,
      [
        "attention.relative_buckets_count": .uint32(UInt32(buckets)),
        "decoder_start_token_id": .uint32(3),
      ])
    for side in sides {
      model.norm("\(side).output_norm", width)
      model.matrix("\(side).blk.0.attn_rel_b", heads, buckets, spread: 2)
      for layer in 0..<2 {
        let prefix = "\(side).blk.\(layer)."
        for kind in side == "dec" ? ["attn", "cross_attn"] : ["attn"] {
          for part in ["q", "k", "v", "o"] {
            model.matrix("\(prefix)\(kind)_\(part)", width, width, spread: 0.2)
          }
          model.norm("\(prefix)\(kind)_norm", width)
        }
        model.norm("\(prefix)ffn_norm", width)
        model.matrix("\(prefix)ffn_up", width, hidden)
        model.matrix("\(prefix)ffn_down", hidden, width)
      }
    }
    return model
  }

  /// Of 12 buckets, 6 of an encoder are for later keys; the first half of the others are for one distance
  /// each, and the rest up to 128.
  private static func bucket(_ offset: Int, _ side: String) -> Int {
    let count = side == "enc" ? buckets / 2 : buckets
    let first = side == "enc" && offset > 0 ? count : 0
    let (distance, exact) = (abs(offset), count / 2)
    guard distance >= exact else { return first + distance }
    let share = log(Double(distance) / Double(exact)) / log(128.0 / Double(exact))
    return first + min(count - 1, exact + Int(Double(count - exact) * share))
  }

  /// One side over its embeddings; a decoder reads what the encoder gave.
  private static func t5States(
    _ model: PlainModel, _ side: String, _ start: [Row], reading encoded: [Row] = []
  ) -> [Row] {
    let table = model["\(side).blk.0.attn_rel_b.weight"]
    var x = start
    for layer in 0..<2 {
      let prefix = "\(side).blk.\(layer)."
      var h = x.map { model.norm("\(prefix)attn_norm", $0) }
      var made = parts(model, "\(prefix)attn_", h)
      for position in x.indices {
        let answer = PlainModel.answer(made[0][position], made[1], made[2], scale: 1) {
          side == "dec" && $1 > position
            ? nil : table[bucket($1 - position, side) * heads + $0]
        }
        x[position] = PlainModel.sum(
          x[position], model.product("\(prefix)attn_o", answer, outputs: width))
      }
      if side == "dec" {
        h = x.map { model.norm("\(prefix)cross_attn_norm", $0) }
        made = parts(model, "\(prefix)cross_attn_", encoded)
        for position in x.indices {
          let query = model.product("\(prefix)cross_attn_q", h[position], outputs: width)
          let answer = PlainModel.answer(
            PlainModel.heads(query, size), made[1], made[2], scale: 1
          ) { _, _ in 0 }
          x[position] = PlainModel.sum(
            x[position], model.product("\(prefix)cross_attn_o", answer, outputs: width))
        }
      }
      x = x.map { row in
        let up = model.product(
          "\(prefix)ffn_up", model.norm("\(prefix)ffn_norm", row), outputs: hidden)
        let down = model.product("\(prefix)ffn_down", up.map { max(0, $0) }, outputs: width)
        return PlainModel.sum(row, down)
      }
    }
    return x.map { model.norm("\(side).output_norm", $0) }
  }

  @Test(arguments: [["enc"], ["enc", "dec"]])
  func `scores of T5 depend on learned distances`(sides: [String]) throws {
    let model = Self.t5(sides)
    func embedded(_ tokens: [Int32]) -> [Row] {
      tokens.map { model.row("token_embd", Int($0), Self.width) }
    }
    let difference = try model.largestDifference(length: 40) { tokens in
      let encoded = Self.t5States(model, "enc", embedded(tokens))
      guard sides.count > 1 else { return encoded }
      // The window answers itself, one token later.
      return Self.t5States(model, "dec", embedded([3] + tokens.dropLast()), reading: encoded)
    }
    #expect(difference < 1e-5)
  }

  // MARK: What they are for

  @Test func `encoders predict nothing, and have importance matrices`() throws {
    let evaluator = try EvaluationTesting().evaluator(Self.bert().file)
    let windows = try EvaluationWindows(
      tokens: PlainModel.tokens(64), rules: .llama, length: 16, bos: 1)
    let expected =
      "\"bert\" is an encoder: it has no next token; expected a model that predicts one"
    func complaint(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(complaint { _ = try LossEvaluation(evaluator, windows) }.contains(expected))
    #expect(complaint { _ = try evaluator.logits([1, 2, 3]) }.contains(expected))
    #expect(
      complaint {
        _ = try SensitivityMeasurement(
          evaluator, windows, of: [], types: [.Q8_0], importance: nil, probeWindows: 1)
      }.contains(expected))
    #expect(try evaluator.hiddenStates([1, 2, 3]).columns == Self.width)
    let matrix = try evaluator.gatherImportance(over: windows, datasets: [], includesOutput: true)
    let parts = ["attn_k", "attn_output", "attn_q", "attn_v", "ffn_down", "ffn_up"]
    #expect(
      matrix.entries.map(\.name)
        == (0..<2).flatMap { layer in parts.map { "blk.\(layer).\($0).weight" } })
  }
}
