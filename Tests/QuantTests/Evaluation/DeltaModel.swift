// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport

/// A model of one layer with a delta rule, and the rule as a loop over tokens in double precision.
struct DeltaModel {
  enum Kind: String, CaseIterable, Sendable {
    case qwen35
    /// In the layout of older files.
    case qwen3next
    case kimiLinear = "kimi-linear"
    case kimiK3 = "kimi-k3"
    case bailingMoE3 = "bailingmoe3"

    /// Whether a state's decay is one number.
    var isByToken: Bool { self == .qwen35 || self == .qwen3next }
  }

  let kind: Kind
  let width = 24
  /// Numbers of a query, key or value: no multiple of 16.
  let size = 20
  let keyHeads: Int
  let valueHeads: Int
  let taps = 3
  let epsilon = 1e-5
  private let bound = -5.0
  private(set) var file = ModelFile()
  private var weights: [String: [Float]] = [:]
  private var random = SeededGenerator(seed: 3)

  init(_ kind: Kind) {
    self.kind = kind
    (keyHeads, valueHeads) = kind.isByToken ? (2, 6) : (3, 3)
    addKeys()
    add("token_embd.weight", [width, 8])
    add("output.weight", [width, 8])
    add("output_norm.weight", [width])
    add("blk.0.attn_norm.weight", [width])
    add(kind.isByToken ? "blk.0.post_attention_norm.weight" : "blk.0.ffn_norm.weight", [width])
    for (name, shape) in [("gate", [width, 8]), ("up", [width, 8]), ("down", [8, width])] {
      add("blk.0.ffn_\(name).weight", shape)
    }
    if kind.isByToken { addByToken() } else { addByEntry() }
  }

  private mutating func addKeys() {
    let numbers = [
      "block_count": 1, "embedding_length": width, "feed_forward_length": 8,
      "attention.head_count": 3, "attention.head_count_kv": kind.isByToken ? 1 : 0,
      "ssm.conv_kernel": taps, "ssm.state_size": size, "ssm.group_count": keyHeads,
      "ssm.time_step_rank": valueHeads, "ssm.inner_size": valueHeads * size,
      "full_attention_interval": 4, "kda.head_dim": size, "leading_dense_block_count": 1,
      "attn_res.block_size": 0,
    ]
    file.metadata["general.architecture"] = .string(MetadataString(kind.rawValue))
    for (key, number) in numbers.sorted(by: { $0.key < $1.key }) {
      file.metadata["\(kind.rawValue).\(key)"] = .uint32(UInt32(number))
    }
    for (key, number) in [
      ("attention.layer_norm_rms_epsilon", Float(epsilon)), ("activation.situ_beta", 1),
      ("activation.situ_linear_beta", 1),
    ] {
      file.metadata["\(kind.rawValue).\(key)"] = .float32(number)
    }
    if kind == .kimiK3 || kind == .bailingMoE3 {
      file.metadata["\(kind.rawValue).kda.gate_lower_bound"] = .float32(Float(bound))
    }
  }

  private mutating func add(
    _ name: String, _ dimensions: [Int], in range: ClosedRange<Float> = -0.5...0.5
  ) {
    let numbers = (0..<dimensions.reduce(1, *)).map { _ in Float.random(in: range, using: &random) }
    weights[name] = numbers
    file.add(name, dimensions, bytes: TinyLlama.bytes(numbers))
  }

  private mutating func addByToken() {
    let (keys, values) = (keyHeads * size, valueHeads * size)
    if kind == .qwen35 {
      add("blk.0.attn_qkv.weight", [width, 2 * keys + values])
      add("blk.0.attn_gate.weight", [width, values])
      add("blk.0.ssm_beta.weight", [width, valueHeads])
      add("blk.0.ssm_alpha.weight", [width, valueHeads])
    } else {
      add("blk.0.ssm_in.weight", [width, 2 * keys + 2 * values])
      add("blk.0.ssm_ba.weight", [width, 2 * valueHeads])
    }
    add("blk.0.ssm_conv1d.weight", [taps, 2 * keys + values])
    // Some heads forget nearly nothing, others nearly all.
    add("blk.0.ssm_a", [valueHeads], in: -20 ... -0.01)
    add("blk.0.ssm_dt.bias", [valueHeads], in: -6...2)
    add("blk.0.ssm_norm.weight", [size], in: 0.5...1)
    add("blk.0.ssm_out.weight", [values, width])
  }

  private mutating func addByEntry() {
    let inner = valueHeads * size
    for part in ["q", "k", "v"] {
      add("blk.0.attn_\(part).weight", [width, inner])
      add("blk.0.ssm_conv1d_\(part).weight", [taps, 1, inner])
    }
    let isDirect = kind == .bailingMoE3
    add("blk.0.ssm_f_a.weight", [width, isDirect ? inner : size])
    if !isDirect { add("blk.0.ssm_f_b.weight", [size, inner]) }
    switch kind {
    case .kimiK3: add("blk.0.ssm_g.weight", [width, inner])
    case .bailingMoE3: add("blk.0.ssm_g_a.weight", [width, inner])
    default:
      add("blk.0.ssm_g_a.weight", [width, size])
      add("blk.0.ssm_g_b.weight", [size, inner])
    }
    add("blk.0.ssm_beta.weight", [width, valueHeads])
    let shape = kind == .kimiK3 ? [valueHeads] : [1, valueHeads]
    add("blk.0.ssm_a", shape, in: isDirect ? 0.01...4 : -4 ... -0.01)
    add("blk.0.ssm_dt.bias", [inner], in: -6...2)
    add("blk.0.ssm_norm.weight", [size], in: 0.5...1)
    add("blk.0.attn_output.weight", [inner, width])
  }
}

// MARK: The loop

extension DeltaModel {
  /// What a token's heads work on.
  private struct Token {
    var queries: [Double]
    var keys: [Double]
    var values: [Double]
    var gates: [Double]
    var steps: [Double]
    /// One number a head, or one for each entry of its key.
    var decays: [Double]
  }

  /// What the block gives for the tokens of a window.
  func loop(_ rows: [[Double]]) -> [[Double]] {
    let raw = rows.map(token)
    let queries = convolve(raw.map(\.queries), "q", from: 0)
    let keys = convolve(raw.map(\.keys), "k", from: keyHeads * size)
    let values = convolve(raw.map(\.values), "v", from: 2 * keyHeads * size)
    var states = Array(
      repeating: Array(repeating: Array(repeating: 0.0, count: size), count: size),
      count: valueHeads)
    return rows.indices.map { row in
      var token = raw[row]
      (token.queries, token.keys, token.values) = (queries[row], keys[row], values[row])
      let answers = (0..<valueHeads).flatMap { answer(token, head: $0, state: &states[$0]) }
      return product(kind.isByToken ? "ssm_out" : "attn_output", answers)
    }
  }

  /// One head's answer to one token.
  private func answer(_ token: Token, head: Int, state: inout [[Double]]) -> [Double] {
    let shared =
      switch kind {
      case .qwen35: head % keyHeads
      case .qwen3next: head / (valueHeads / keyHeads)
      default: head
      }
    let query = unit(Array(token.queries[shared * size..<(shared + 1) * size]))
    let key = unit(Array(token.keys[shared * size..<(shared + 1) * size]))
    let own = head * size..<(head + 1) * size
    let value = Array(token.values[own])
    for index in 0..<size {
      let decay = kind.isByToken ? token.decays[head] : token.decays[head * size + index]
      for column in 0..<size { state[index][column] *= exp(decay) }
    }
    for column in 0..<size {
      let told = (0..<size).reduce(0) { $0 + key[$1] * state[$1][column] }
      let write = token.steps[head] * (value[column] - told)
      for index in 0..<size { state[index][column] += key[index] * write }
    }
    let answer = (0..<size).map { column in
      (0..<size).reduce(0) { $0 + query[$1] * state[$1][column] } / Double(size).squareRoot()
    }
    let square = answer.reduce(0) { $0 + $1 * $1 } / Double(size)
    let scale = 1 / (square + epsilon).squareRoot()
    let gates = token.gates[own].map { kind.isByToken ? silu($0) : sigmoid($0) }
    return (0..<size).map { answer[$0] * scale * weight("ssm_norm", $0) * gates[$0] }
  }

  /// A token's products with weights, before convolutions.
  private func token(_ x: [Double]) -> Token {
    kind.isByToken ? tokenByToken(x) : tokenByEntry(x)
  }

  private func tokenByToken(_ x: [Double]) -> Token {
    let (keys, values) = (keyHeads * size, valueHeads * size)
    var token = Token(queries: [], keys: [], values: [], gates: [], steps: [], decays: [])
    var raw: [Double] = []
    if kind == .qwen35 {
      let all = product("attn_qkv", x)
      token.queries = Array(all[0..<keys])
      token.keys = Array(all[keys..<2 * keys])
      token.values = Array(all[(2 * keys)...])
      token.gates = product("attn_gate", x)
      token.steps = product("ssm_beta", x).map(sigmoid)
      raw = product("ssm_alpha", x)
    } else {
      let (all, both) = (product("ssm_in", x), product("ssm_ba", x))
      let (share, count) = (values / keyHeads, valueHeads / keyHeads)
      for head in 0..<keyHeads {
        let part = Array(all[head * (2 * size + 2 * share)..<(head + 1) * (2 * size + 2 * share)])
        token.queries += part[0..<size]
        token.keys += part[size..<2 * size]
        token.values += part[2 * size..<2 * size + share]
        token.gates += part[(2 * size + share)...]
        token.steps += both[2 * head * count..<(2 * head + 1) * count].map(sigmoid)
        raw += both[(2 * head + 1) * count..<(2 * head + 2) * count]
      }
    }
    token.decays = raw.indices.map {
      weight("ssm_a", $0) * softplus(raw[$0] + weight("ssm_dt.bias", $0))
    }
    return token
  }

  private func tokenByEntry(_ x: [Double]) -> Token {
    let narrow = product("ssm_f_a", x)
    let raw = kind == .bailingMoE3 ? narrow : product("ssm_f_b", narrow)
    let decays = raw.indices.map { index in
      let (factor, sum) = (weight("ssm_a", index / size), raw[index] + weight("ssm_dt.bias", index))
      switch kind {
      case .kimiK3: return bound * sigmoid(-factor * sum)
      case .bailingMoE3: return bound * sigmoid(factor * sum)
      default: return factor * softplus(sum)
      }
    }
    let gates =
      switch kind {
      case .kimiK3: product("ssm_g", x)
      case .bailingMoE3: product("ssm_g_a", x)
      default: product("ssm_g_b", product("ssm_g_a", x))
      }
    return Token(
      queries: product("attn_q", x), keys: product("attn_k", x), values: product("attn_v", x),
      gates: gates, steps: product("ssm_beta", x).map(sigmoid), decays: decays)
  }

  /// Convolves each channel, and applies SiLU; `first` is the first channel in a tensor for all parts.
  private func convolve(_ rows: [[Double]], _ part: String, from first: Int) -> [[Double]] {
    let (name, start) = kind.isByToken ? ("ssm_conv1d", first) : ("ssm_conv1d_\(part)", 0)
    return rows.indices.map { row in
      rows[row].indices.map { channel in
        let sum = (0..<taps).reduce(0) { sum, tap in
          let source = row - taps + 1 + tap
          guard source >= 0 else { return sum }
          return sum + rows[source][channel] * weight(name, (start + channel) * taps + tap)
        }
        return silu(sum)
      }
    }
  }

  private func unit(_ x: [Double]) -> [Double] {
    let length = (x.reduce(0) { $0 + $1 * $1 } + epsilon).squareRoot()
    return x.map { $0 / length }
  }

  private func product(_ name: String, _ x: [Double]) -> [Double] {
    let matrix = weights["blk.0.\(name).weight"] ?? []
    return (0..<matrix.count / x.count).map { row in
      x.indices.reduce(0) { $0 + x[$1] * Double(matrix[row * x.count + $1]) }
    }
  }

  private func weight(_ name: String, _ index: Int) -> Double {
    Double((weights["blk.0.\(name)"] ?? weights["blk.0.\(name).weight"] ?? [])[index])
  }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  private func silu(_ x: Double) -> Double { x * sigmoid(x) }

  private func softplus(_ x: Double) -> Double { x > 30 ? x : log1p(exp(x)) }
}
