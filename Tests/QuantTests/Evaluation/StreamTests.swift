// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Gemma 3n: streams that predict and correct each other, products through narrow vectors, inputs of each
/// layer, and gates of which few are left.
@Suite("Streams and inputs of layers") struct StreamTests {
  private typealias Row = PlainModel.Row
  private static let (width, size, hidden, layers) = (16, 8, 40, 3)
  private static let (streams, rank, own) = (4, 64, 256)

  private static func model() -> PlainModel {
    var model = PlainModel(
      "gemma3n", width: width, layers: layers,
      [
        "attention.head_count": .uint32(2), "attention.head_count_kv": .uint32(1),
        "attention.key_length": .uint32(UInt32(size)),
        "attention.value_length": .uint32(UInt32(size)),
        "feed_forward_length": .uint32(UInt32(hidden)), "attention.sliding_window": .uint32(5),
        "attention.sliding_window_pattern": .uint32(3), "rope.freq_base": .float32(5000),
        "rope.freq_base_swa": .float32(300),
      ])
    model.norm("output_norm", width)
    model.matrix("altup_proj", width, width, count: streams - 1)
    model.matrix("altup_unembd_proj", width, width, count: streams - 1)
    model.matrix("per_layer_token_embd", own * layers, PlainModel.vocabulary, spread: 0.1)
    model.matrix("per_layer_model_proj", width, own * layers)
    model.norm("per_layer_proj_norm", own)
    for layer in 0..<layers { add("blk.\(layer).", to: &model) }
    return model
  }

  private static func add(_ prefix: String, to model: inout PlainModel) {
    let norms = [
      "attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm", "altup_router_norm",
      "altup_correct_scale", "laurel_post_norm", "post_norm",
    ]
    for name in norms { model.norm("\(prefix)\(name)", width) }
    for name in ["attn_q_norm", "attn_k_norm"] { model.norm("\(prefix)\(name)", size) }
    model.matrix("\(prefix)altup_router", width, streams, spread: 8)
    model.matrix("\(prefix)altup_predict_coef", streams, streams * streams, spread: 0.2)
    model.matrix("\(prefix)altup_correct_coef", streams, streams, spread: 0.2)
    model.matrix("\(prefix)laurel_l", width, rank)
    model.matrix("\(prefix)laurel_r", rank, width)
    model.matrix("\(prefix)inp_gate", width, own)
    model.matrix("\(prefix)proj", own, width)
    model.matrix("\(prefix)attn_q", width, 2 * size)
    for part in ["k", "v"] { model.matrix("\(prefix)attn_\(part)", width, size) }
    model.matrix("\(prefix)attn_output", 2 * size, width)
    for part in ["gate", "up"] { model.matrix("\(prefix)ffn_\(part)", width, hidden) }
    model.matrix("\(prefix)ffn_down", hidden, width)
  }

  @Test func `states are those of plain loops`() throws {
    let model = Self.model()
    let difference = try model.largestDifference(length: 20) { Self.states(model, $0) }
    #expect(difference < 2e-4)
  }

  /// As long as another row.
  private static func fit(_ x: Row, to other: Row) -> Row {
    func square(_ row: Row) -> Double { row.reduce(0) { $0 + $1 * $1 } }
    let factor = (square(other) / square(x)).squareRoot()
    return x.map { $0 * factor }
  }

  private static func states(_ model: PlainModel, _ tokens: [Int32]) -> [Row] {
    let start = tokens.map { token in
      model.row("token_embd", Int(token), width).map { $0 * Double(width).squareRoot() }
    }
    // A position's streams.
    var x = start.map { first in
      [first]
        + (0..<streams - 1).map { index in
          fit(model.product("altup_proj", first, matrix: index, outputs: width), to: first)
        }
    }
    for layer in 0..<layers { run(layer, model, tokens, start, &x) }
    return x.map { position in
      var sum = position[0]
      for index in 1..<streams {
        let y = model.product(
          "altup_unembd_proj", position[index], matrix: index - 1, outputs: width)
        sum = PlainModel.sum(sum, fit(y, to: position[0]))
      }
      return model.norm("output_norm", sum.map { $0 / Double(streams) })
    }
  }

  private static func router(_ model: PlainModel, _ prefix: String, _ x: Row) -> Row {
    let h = model.norm("\(prefix)altup_router_norm", x).map { $0 / Double(width) }
    return model.product("\(prefix)altup_router", h, outputs: streams).map { tanh($0) }
  }

  private static func run(
    _ layer: Int, _ model: PlainModel, _ tokens: [Int32], _ start: [Row], _ x: inout [[Row]]
  ) {
    let prefix = "blk.\(layer)."
    let predicted = x.map { streams in
      let weights = model.product(
        "\(prefix)altup_predict_coef", router(model, prefix, streams[0]),
        outputs: Self.streams * Self.streams)
      return streams.indices.map { target in
        streams.indices.reduce(streams[target]) { sum, source in
          PlainModel.sum(
            sum, streams[source], times: weights[target * Self.streams + source])
        }
      }
    }
    let mixed = mix(layer, model, predicted.map { $0[0] })
    for position in x.indices {
      let now = PlainModel.sum(mixed[position], network(model, prefix, mixed[position]))
      let factors = model.product(
        "\(prefix)altup_correct_coef", router(model, prefix, now), outputs: streams)
      let wrong = PlainModel.sum(now, predicted[position][0], times: -1)
      x[position] = predicted[position].indices.map {
        PlainModel.sum(predicted[position][$0], wrong, times: factors[$0] + 1)
      }
      let scaled = zip(x[position][0], model["\(prefix)altup_correct_scale.weight"]).map { $0 * $1 }
      let gate = model.product("\(prefix)inp_gate", scaled, outputs: own).map(PlainModel.gelu)
      let input = input(layer, model, Int(tokens[position]), start[position])
      let y = model.norm(
        "\(prefix)post_norm",
        model.product("\(prefix)proj", zip(gate, input).map { $0 * $1 }, outputs: width))
      for stream in 1..<streams { x[position][stream] = PlainModel.sum(x[position][stream], y) }
    }
  }

  /// The layer's own input.
  private static func input(_ layer: Int, _ model: PlainModel, _ token: Int, _ start: Row) -> Row {
    let all = model.row("per_layer_token_embd", token, own * layers)
    let row = all[layer * own..<(layer + 1) * own]
    let product = model.product("per_layer_model_proj", start, matrix: layer, outputs: own)
    let normed = model.norm(
      "per_layer_proj_norm", product.map { $0 / Double(width).squareRoot() })
    return zip(row, normed).map { ($0 * Double(own).squareRoot() + $1) / 2.0.squareRoot() }
  }

  /// Attention and, beside it, the product through a narrow vector.
  private static func mix(_ layer: Int, _ model: PlainModel, _ x: [Row]) -> [Row] {
    let prefix = "blk.\(layer)."
    let isFull = layer == 2
    let h = x.map { model.norm("\(prefix)attn_norm", $0) }
    func made(_ part: String, _ count: Int) -> [[Row]] {
      h.enumerated().map { position, row in
        PlainModel.heads(model.product("\(prefix)attn_\(part)", row, outputs: count * size), size)
          .map { head in
            guard part != "v" else { return model.norm(nil, head) }
            return PlainModel.rotated(
              model.norm("\(prefix)attn_\(part)_norm", head), position, base: isFull ? 5000 : 300)
          }
      }
    }
    let (queries, keys, values) = (made("q", 2), made("k", 1), made("v", 1))
    return x.indices.map { position in
      let answer = PlainModel.answer(queries[position], keys, values, scale: 1) { _, key in
        key <= position && (isFull || position - key < 5) ? 0 : nil
      }
      let y = model.norm(
        "\(prefix)post_attention_norm",
        model.product("\(prefix)attn_output", answer, outputs: width))
      let narrow = model.product("\(prefix)laurel_l", h[position], outputs: rank)
      let wide = model.norm(
        "\(prefix)laurel_post_norm", model.product("\(prefix)laurel_r", narrow, outputs: width))
      let sum = PlainModel.sum(PlainModel.sum(x[position], y), PlainModel.sum(h[position], wide))
      return sum.map { $0 / 2.0.squareRoot() }
    }
  }

  /// The network, whose gates are those far above the mean.
  private static func network(_ model: PlainModel, _ prefix: String, _ x: Row) -> Row {
    let h = model.norm("\(prefix)ffn_norm", x)
    let gate = model.product("\(prefix)ffn_gate", h, outputs: hidden)
    let mean = gate.reduce(0, +) / Double(hidden)
    let square = gate.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) } / Double(hidden - 1)
    let least = mean + 1.6448533 * square.squareRoot()
    let up = model.product("\(prefix)ffn_up", h, outputs: hidden)
    let gated = zip(gate, up).map { PlainModel.gelu(max(0, $0 - least)) * $1 }
    return model.norm(
      "\(prefix)post_ffw_norm", model.product("\(prefix)ffn_down", gated, outputs: width))
  }
}
