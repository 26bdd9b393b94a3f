// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// The time and channel mixing of RWKV against loops over tokens in double precision: texts shorter than a
/// chunk, and of several chunks with a rest. Heads have 8 numbers.
@Suite("RWKV's blocks") struct RWKVBlockTests {
  private typealias Row = TinyRecurrent.Row
  private static let width = TinyRecurrent.width
  private static let size = 8
  private static let lengths = [1, 5, 16, 53]

  /// A model with what both versions have.
  private func model(_ name: String, layers: Int, _ keys: [String: UInt32]) -> TinyRecurrent {
    let width = Self.width
    var model = TinyRecurrent(
      name, layers: layers,
      keys.merging(["wkv.head_size": 8, "rescale_every_n_layers": 2]) { $1 })
    for norm in ["token_embd_norm", "output_norm"] {
      if norm != "output_norm" { model.add("\(norm).weight", [width]) }
      model.add("\(norm).bias", [width])
    }
    for layer in 0..<layers {
      let prefix = "blk.\(layer)."
      for norm in ["attn_norm", "attn_norm_2", "time_mix_ln"] {
        model.add("\(prefix)\(norm).weight", [width], 0.3, 1)
        model.add("\(prefix)\(norm).bias", [width])
      }
      for part in ["receptance", "key", "value", "output"] {
        model.add("\(prefix)time_mix_\(part).weight", [width, width])
      }
      model.add("\(prefix)channel_mix_lerp_k.weight", [width], 0.5, 0.5)
      model.add("\(prefix)channel_mix_key.weight", [width, 40], 0.2)
      model.add("\(prefix)channel_mix_value.weight", [40, width], 0.2)
    }
    return model
  }

  /// x + (previous - x) · share, for each row.
  private static func mixed(_ rows: [Row], _ share: (Int) -> Row) -> [Row] {
    rows.indices.map { row in
      let previous = row > 0 ? rows[row - 1] : Row(repeating: 0, count: rows[row].count)
      let shares = share(row)
      return rows[row].indices.map { column in
        rows[row][column] + (previous[column] - rows[row][column]) * shares[column]
      }
    }
  }

  private static func sum(_ a: Row, _ b: Row) -> Row { zip(a, b).map { $0 + $1 } }

  private static func slice(_ row: Row, _ index: Int, _ count: Int) -> Row {
    Row(row[index * count..<(index + 1) * count])
  }

  /// The norm of each head, with factors and summands for each column.
  private static func normed(_ model: TinyRecurrent, _ name: String, _ y: Row) -> Row {
    let heads = (0..<width / size).flatMap {
      model.norm(nil, slice(y, $0, size), centered: true, epsilon: 64e-5)
    }
    return heads.indices.map {
      heads[$0] * model["\(name).weight"][$0] + model["\(name).bias"][$0]
    }
  }

  private static func channelMix(
    _ model: TinyRecurrent, _ prefix: String, _ rows: [Row], gated: Bool
  ) -> [Row] {
    let n = rows.map { model.norm("\(prefix)attn_norm_2", $0, centered: true) }
    let keys = mixed(n) { _ in model["\(prefix)channel_mix_lerp_k.weight"] }
    let gates = gated ? mixed(n) { _ in model["\(prefix)channel_mix_lerp_r.weight"] } : []
    return rows.indices.map { row in
      let hidden = model.product("\(prefix)channel_mix_key", keys[row]).map {
        max(0, $0) * max(0, $0)
      }
      var y = model.product("\(prefix)channel_mix_value", hidden)
      if gated {
        let gate = model.product("\(prefix)channel_mix_receptance", gates[row])
        y = zip(y, gate).map { $0 * TinyRecurrent.sigmoid($1) }
      }
      return sum(rows[row], y)
    }
  }

  // MARK: RWKV 6

  /// Two layers, so that the second is scaled.
  @Test(arguments: lengths) func `RWKV 6 is the recurrence`(_ length: Int) throws {
    let width = Self.width
    var model = model(
      "rwkv6", layers: 2, ["time_mix_extra_dim": 3, "time_decay_extra_dim": 5])
    for prefix in ["blk.0.", "blk.1."] {
      let mix = "\(prefix)time_mix_"
      model.add("\(mix)lerp_x.weight", [width], 0.5, 0.5)
      model.add("\(mix)lerp_fused.weight", [width, 1, 1, 5], 0.5, 0.5)
      model.add("\(mix)w1.weight", [width, 15])
      model.add("\(mix)w2.weight", [3, width, 5])
      model.add("\(mix)decay.weight", [width], 3)
      model.add("\(mix)decay_w1.weight", [width, 5])
      model.add("\(mix)decay_w2.weight", [5, width])
      model.add("\(mix)first.weight", [8, 3])
      model.add("\(mix)gate.weight", [width, width])
      model.add("\(prefix)channel_mix_lerp_r.weight", [width], 0.5, 0.5)
      model.add("\(prefix)channel_mix_receptance.weight", [width, width])
    }
    let difference = try model.largestDifference(length: length) { [model] rows in
      let first = Self.channelMix(
        model, "blk.0.", Self.sixth(model, "blk.0.", rows), gated: true)
      let second = Self.channelMix(
        model, "blk.1.", Self.sixth(model, "blk.1.", first), gated: true)
      return second.map { $0.map { $0 / 2 } }
    }
    #expect(difference < 5e-5)
  }

  private static func sixth(_ model: TinyRecurrent, _ prefix: String, _ rows: [Row]) -> [Row] {
    let mix = "\(prefix)time_mix_"
    let n = rows.map { model.norm("\(prefix)attn_norm", $0, centered: true) }
    let narrow = mixed(n) { _ in model["\(mix)lerp_x.weight"] }.map {
      model.product("\(mix)w1", $0).map { tanh($0) }
    }
    let inputs = (0..<5).map { part in
      mixed(n) { row in
        sum(
          model.product("\(mix)w2", slice(narrow[row], part, 3), part: part, outputs: width),
          slice(model["\(mix)lerp_fused.weight"], part, width))
      }
    }
    var states = [Row](repeating: Row(repeating: 0, count: size), count: width)
    return rows.indices.map { row in
      let low = model.product("\(mix)decay_w1", inputs[0][row]).map { tanh($0) }
      let decays = sum(model.product("\(mix)decay_w2", low), model["\(mix)decay.weight"]).map {
        exp(-exp($0))
      }
      let k = model.product("\(mix)key", inputs[1][row])
      let v = model.product("\(mix)value", inputs[2][row])
      let r = model.product("\(mix)receptance", inputs[3][row])
      let gate = model.product("\(mix)gate", inputs[4][row]).map(TinyRecurrent.silu)
      var y = Row(repeating: 0, count: width)
      for i in 0..<width {
        for j in 0..<size {
          let value = v[i / size * size + j]
          let bonus = model["\(mix)first.weight"][i]
          y[i / size * size + j] += r[i] * (states[i][j] + bonus * k[i] * value)
          states[i][j] = decays[i] * states[i][j] + k[i] * value
        }
      }
      y = zip(normed(model, "\(mix)ln", y), gate).map { $0 * $1 }
      return sum(rows[row], model.product("\(mix)output", y))
    }
  }

  // MARK: RWKV 7

  /// Two layers: the second mixes its values with those of the first.
  @Test(arguments: lengths, [true, false])
  func `RWKV 7 is the recurrence`(_ length: Int, gated: Bool) throws {
    let width = Self.width
    var ranks = ["w": 3, "a": 4, "v": 5]
    if gated { ranks["g"] = 6 }
    var model = model(
      "rwkv7", layers: 2,
      [
        "attention.decay_lora_rank": 3, "attention.iclr_lora_rank": 4,
        "attention.value_residual_mix_lora_rank": 5, "attention.gate_lora_rank": gated ? 6 : 0,
      ])
    for prefix in ["blk.0.", "blk.1."] {
      let mix = "\(prefix)time_mix_"
      model.add("\(mix)lerp_fused.weight", [width, 1, 1, gated ? 6 : 5], 0.5, 0.5)
      for (part, rank) in ranks.sorted(by: { $0.key < $1.key }) {
        if part != "g" { model.add("\(mix)\(part)0.weight", [width], 2) }
        model.add("\(mix)\(part)1.weight", [width, rank])
        model.add("\(mix)\(part)2.weight", [rank, width])
      }
      for part in ["k_k", "k_a", "r_k"] { model.add("\(mix)\(part).weight", [width], 0.5, 0.5) }
    }
    let difference = try model.largestDifference(length: length) { [model] rows in
      var values: [Row] = []
      let first = Self.channelMix(
        model, "blk.0.", Self.seventh(model, "blk.0.", rows, gated, &values), gated: false)
      let second = Self.channelMix(
        model, "blk.1.", Self.seventh(model, "blk.1.", first, gated, &values), gated: false)
      return second.map { $0.map { $0 / 2 } }
    }
    #expect(difference < 5e-5)
  }

  private static func seventh(
    _ model: TinyRecurrent, _ prefix: String, _ rows: [Row], _ gated: Bool,
    _ firstValues: inout [Row]
  ) -> [Row] {
    let mix = "\(prefix)time_mix_"
    let n = rows.map { model.norm("\(prefix)attn_norm", $0, centered: true) }
    let inputs = (0..<(gated ? 6 : 5)).map { part in
      mixed(n) { _ in slice(model["\(mix)lerp_fused.weight"], part, width) }
    }
    func low(_ part: String, _ x: Row, _ inner: (Double) -> Double = { $0 }) -> Row {
      let wide = model.product("\(mix)\(part)2", model.product("\(mix)\(part)1", x).map(inner))
      return part == "g" ? wide : sum(wide, model["\(mix)\(part)0.weight"])
    }
    let isFirst = firstValues.isEmpty
    var states = [Row](repeating: Row(repeating: 0, count: size), count: width)
    var result: [Row] = []
    for row in rows.indices {
      let r = model.product("\(mix)receptance", inputs[0][row])
      let w = low("w", inputs[1][row], { tanh($0) }).map {
        exp(-0.606531 * TinyRecurrent.sigmoid($0))
      }
      var k = model.product("\(mix)key", inputs[2][row])
      var v = model.product("\(mix)value", inputs[3][row])
      if isFirst {
        firstValues.append(v)
      } else {
        let shares = low("v", inputs[3][row]).map(TinyRecurrent.sigmoid)
        v = v.indices.map { v[$0] + (firstValues[row][$0] - v[$0]) * shares[$0] }
      }
      let a = low("a", inputs[4][row]).map(TinyRecurrent.sigmoid)
      let scaled = zip(k, model["\(mix)k_k.weight"]).map { $0 * $1 }
      let removed = (0..<width / size).flatMap { head in
        let part = slice(scaled, head, size)
        let length = part.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
        return part.map { $0 / length }
      }
      k = k.indices.map { k[$0] * (1 + (a[$0] - 1) * model["\(mix)k_a.weight"][$0]) }
      // A row of states a value, a column a key.
      var y = Row(repeating: 0, count: width)
      for i in 0..<width {
        let first = i / size * size
        let found = (0..<size).reduce(0.0) { $0 - removed[first + $1] * states[i][$1] }
        for j in 0..<size {
          states[i][j] =
            states[i][j] * w[first + j] + v[i] * k[first + j]
            + found * removed[first + j] * a[first + j]
          y[i] += states[i][j] * r[first + j]
        }
      }
      y = normed(model, "\(mix)ln", y)
      for i in 0..<width {
        let first = i / size * size
        let own = (first..<first + size).reduce(0.0) {
          $0 + k[$1] * r[$1] * model["\(mix)r_k.weight"][$1]
        }
        y[i] += v[i] * own
      }
      if gated {
        let gate = low("g", inputs[5][row], TinyRecurrent.sigmoid)
        y = zip(y, gate).map { $0 * $1 }
      }
      result.append(sum(rows[row], model.product("\(mix)output", y)))
    }
    return result
  }
}
