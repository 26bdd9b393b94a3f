// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

/// A model of two layers of latent attention, of which the first has an indexer, with random states, and
/// its attention as one would write it on a blackboard.
struct IndexedModel {
  typealias Row = [Double]

  private let width = 20
  let heads: Int
  private let keySize = 10
  let valueSize = 6
  private let latent = 12
  private let rotated = 4
  private let rank = 14
  private let indexHeads = 3
  private let indexSize = 9
  private let epsilon = 1e-4
  private var weights: [String: Row] = [:]
  private(set) var file = ModelFile()
  /// A row a token.
  private(set) var states: [Row] = []

  init(rows: Int, seed: UInt64, heads: Int = 3) {
    self.heads = heads
    var random = SeededGenerator(seed: seed)
    setKeys()
    for layer in 0..<2 { addLayer("blk.\(layer).", indexed: layer == 0, &random) }
    for (name, dimensions) in [
      ("token_embd", [width, 8]), ("output_norm", [width]), ("pool.gate", [width, indexSize]),
      ("pool.places", [indexSize, 8]),
    ] { add(name, dimensions, &random) }
    states = (0..<rows).map { _ in (0..<width).map { _ in Self.number(&random) } }
  }

  private mutating func setKeys() {
    let numbers = [
      "block_count": 2, "embedding_length": width, "feed_forward_length": 4, "expert_count": 0,
      "attention.head_count": heads, "attention.head_count_kv": 1, "context_length": 500,
      "leading_dense_block_count": 2, "attention.q_lora_rank": rank,
      "attention.kv_lora_rank": latent, "attention.key_length": latent + rotated,
      "attention.value_length": latent, "attention.key_length_mla": keySize,
      "attention.value_length_mla": valueSize, "rope.dimension_count": rotated,
      "attention.indexer.head_count": indexHeads, "attention.indexer.key_length": indexSize,
      "attention.indexer.top_k": 1,
    ]
    file.metadata["general.architecture"] = .string("glm-dsa")
    for (key, number) in numbers { file.metadata["glm-dsa.\(key)"] = .uint32(UInt32(number)) }
    file.metadata["glm-dsa.attention.layer_norm_rms_epsilon"] = .float32(Float(epsilon))
    file.metadata["glm-dsa.rope.freq_base"] = .float32(100)
    file.metadata["glm-dsa.attention.indexer.types"] = .array(
      MetadataArray(elementType: .uint32, [.uint32(1), .uint32(0)]))
  }

  private mutating func addLayer(
    _ prefix: String, indexed: Bool, _ random: inout SeededGenerator
  ) {
    let plain = keySize - rotated
    let tensors: [(String, [Int])] = [
      ("attn_norm", [width]), ("attn_q_a", [width, rank]), ("attn_q_a_norm", [rank]),
      ("attn_q_b", [rank, heads * keySize]), ("attn_kv_a_mqa", [width, latent + rotated]),
      ("attn_kv_a_norm", [latent]), ("attn_k_b", [plain, latent, heads]),
      ("attn_v_b", [latent, valueSize, heads]), ("attn_output", [heads * valueSize, width]),
      ("ffn_norm", [width]), ("ffn_gate", [width, 4]), ("ffn_up", [width, 4]),
      ("ffn_down", [4, width]),
    ]
    let indexer: [(String, [Int])] = [
      ("indexer.attn_q_b", [rank, indexHeads * indexSize]), ("indexer.attn_k", [width, indexSize]),
      ("indexer.k_norm", [indexSize]), ("indexer.proj", [width, indexHeads]),
    ]
    for (name, dimensions) in tensors + (indexed ? indexer : []) {
      add(prefix + name, dimensions, &random)
    }
    if indexed { add(prefix + "indexer.k_norm", [indexSize], &random, suffix: "bias") }
  }

  private mutating func add(
    _ name: String, _ dimensions: [Int], _ random: inout SeededGenerator, suffix: String = "weight"
  ) {
    let numbers = (0..<dimensions.reduce(1, *)).map { _ in Float(Self.number(&random)) }
    file.add("\(name).\(suffix)", dimensions, bytes: TinyLlama.bytes(numbers))
    weights["\(name).\(suffix)"] = numbers.map(Double.init)
  }

  /// From -1 to 1, and exactly a `Float`.
  private static func number(_ random: inout SeededGenerator) -> Double {
    Double(Float(Int64(bitPattern: random.next()) >> 40) * 0x1p-23)
  }

  /// Lets a layer choose otherwise than the file says.
  func set(_ choice: KeyChoice, in layer: inout LayerGraph, of file: GGUFFile) throws {
    guard case .attention(var attention) = layer.steps[0].branches[0].block else { return }
    attention.selection?.choice = choice
    if case .pools = choice, attention.selection?.indexer != nil {
      attention.selection?.indexer?.pooling = IndexPooling(
        gate: Linear(tensor: try file.tensor("pool.gate.weight"), outputs: indexSize),
        places: try file.tensor("pool.places.weight"))
    }
    // What heads choose by themselves is not kept for later layers.
    if case .blocks = choice {
      guard attention.selection?.indexer != nil else {
        attention.selection = nil
        layer.steps[0].branches[0].block = .attention(attention)
        return
      }
      attention.selection?.slot = nil
    }
    layer.steps[0].branches[0].block = .attention(attention)
  }

  // MARK: - Plain loops

  /// The states of a window behind a layer's attention.
  func attention(layer: Int, _ choice: KeyChoice, window: Range<Int>) -> [Row] {
    let prefix = "blk.\(layer)."
    let inputs = window.map { normed(states[$0], prefix + "attn_norm") }
    let seen = seen(window, choice, layer: layer)
    let parts = inputs.enumerated().map { made(prefix, $1, position: $0) }
    return inputs.indices.map { query in
      var answer = Row()
      for head in 0..<heads {
        let keys = seen[query][head]
        let scores = keys.map {
          dot(parts[query].queries[head], parts[$0].keys[head]) / Double(keySize).squareRoot()
        }
        let shares = softmax(scores)
        answer += (0..<valueSize).map { column in
          zip(keys, shares).reduce(0) { $0 + $1.1 * parts[$1.0].values[head][column] }
        }
      }
      let added = product(prefix + "attn_output", answer, outputs: width)
      return zip(states[window.lowerBound + query], added).map(+)
    }
  }

  /// A head's values of a latent vector.
  func values(layer: Int, head: Int, of vector: Row) -> Row {
    product("blk.\(layer).attn_v_b", vector, outputs: valueSize, from: head * valueSize)
  }

  /// The keys that each query sees, for each head.
  private func seen(_ window: Range<Int>, _ choice: KeyChoice, layer: Int) -> [[[Int]]] {
    if layer == 1, case .blocks = choice {
      return window.indices.map { query in
        Array(repeating: Array(0...query - window.lowerBound), count: heads)
      }
    }
    // The second layer sees what the first chose of its own input, which is the same here.
    let inputs = window.map { normed(states[$0], "blk.0.attn_norm") }
    let narrow = inputs.map {
      normed(product("blk.0.attn_q_a", $0, outputs: rank), "blk.0.attn_q_a_norm")
    }
    let queries = narrow.enumerated().map { position, row in
      let all = product("blk.0.indexer.attn_q_b", row, outputs: indexHeads * indexSize)
      return (0..<indexHeads).map {
        turned(Row(all[$0 * indexSize..<($0 + 1) * indexSize]), from: 0, position)
      }
    }
    let keys = inputs.enumerated().map { position, row in
      turned(centered(product("blk.0.indexer.attn_k", row, outputs: indexSize)), from: 0, position)
    }
    let shares = inputs.map { product("blk.0.indexer.proj", $0, outputs: indexHeads) }
    func score(_ query: Int, _ key: Row) -> Double {
      (0..<indexHeads).reduce(0) { $0 + shares[query][$1] * max(0, dot(queries[query][$1], key)) }
    }
    return inputs.indices.map { query in
      switch choice {
      case .keys(let count):
        let scores = (0...query).map { score(query, keys[$0]) }
        return Array(repeating: best(count, scores), count: heads)
      case .pools(let count, let size):
        let complete = (query + 1) / size
        let scores = (0..<complete).map { pool in
          score(query, pooled(keys, inputs, pool * size..<(pool + 1) * size))
        }
        let chosen = best(count, scores).flatMap { Array($0 * size..<($0 + 1) * size) }
        return Array(repeating: chosen + Array(complete * size..<query + 1), count: heads)
      case .blocks(let count, let size, let last):
        let own = query / size
        return (0..<heads).map { head in
          let scores = (0...own).map { block in
            own - block < last
              ? Double.infinity
              : (block * size...min(query, block * size + size - 1)).map {
                dot(queries[query][head], keys[$0])
              }.max() ?? 0
          }
          return best(count, scores).flatMap {
            Array($0 * size...min(query, $0 * size + size - 1))
          }
        }
      }
    }
  }

  /// The places of the largest, of equal ones the first.
  private func best(_ count: Int, _ scores: Row) -> [Int] {
    scores.indices.sorted {
      scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1)
    }.prefix(count).sorted()
  }

  private func pooled(_ keys: [Row], _ inputs: [Row], _ pool: Range<Int>) -> Row {
    let gates = pool.map { product("pool.gate", inputs[$0], outputs: indexSize) }
    return (0..<indexSize).map { column in
      let shares = softmax(
        gates.indices.map {
          gates[$0][column] + weights["pool.places.weight", default: []][$0 * indexSize + column]
        })
      return zip(shares, pool).reduce(0) { $0 + $1.0 * keys[$1.1][column] }
    }
  }

  private func made(
    _ prefix: String, _ x: Row, position: Int
  ) -> (queries: [Row], keys: [Row], values: [Row]) {
    let narrow = normed(product(prefix + "attn_q_a", x, outputs: rank), prefix + "attn_q_a_norm")
    let all = product(prefix + "attn_q_b", narrow, outputs: heads * keySize)
    let down = product(prefix + "attn_kv_a_mqa", x, outputs: latent + rotated)
    let vector = normed(Row(down[..<latent]), prefix + "attn_kv_a_norm")
    let shared = turned(Row(down[latent...]), from: 0, position)
    let plain = keySize - rotated
    let up = weights[prefix + "attn_k_b.weight", default: []]
    return (
      (0..<heads).map {
        turned(Row(all[$0 * keySize..<($0 + 1) * keySize]), from: plain, position)
      },
      (0..<heads).map { head in
        (0..<plain).map { column in
          (0..<latent).reduce(0) { $0 + vector[$1] * up[(head * latent + $1) * plain + column] }
        } + shared
      },
      (0..<heads).map { head in
        product(prefix + "attn_v_b", vector, outputs: valueSize, from: head * valueSize)
      }
    )
  }

  /// Neighbours are turned.
  private func turned(_ row: Row, from first: Int, _ position: Int) -> Row {
    var row = row
    for pair in 0..<rotated / 2 {
      let angle = Double(position) * pow(100, -2 * Double(pair) / Double(rotated))
      let (x, y) = (row[first + 2 * pair], row[first + 2 * pair + 1])
      row[first + 2 * pair] = x * cos(angle) - y * sin(angle)
      row[first + 2 * pair + 1] = x * sin(angle) + y * cos(angle)
    }
    return row
  }

  private func normed(_ row: Row, _ name: String) -> Row {
    let square = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
    return zip(row, weights[name + ".weight", default: []]).map {
      $0 * $1 / (square + epsilon).squareRoot()
    }
  }

  /// The norm of index keys, which takes the mean off and adds nothing to the variance.
  private func centered(_ row: Row) -> Row {
    let mean = row.reduce(0, +) / Double(row.count)
    let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
    let name = "blk.0.indexer.k_norm."
    return row.indices.map {
      (row[$0] - mean) / variance.squareRoot() * weights[name + "weight", default: []][$0]
        + weights[name + "bias", default: []][$0]
    }
  }

  private func product(_ name: String, _ x: Row, outputs: Int, from first: Int = 0) -> Row {
    let matrix = weights[name + ".weight", default: []]
    return (first..<first + outputs).map { output in
      x.indices.reduce(0) { $0 + matrix[output * x.count + $1] * x[$1] }
    }
  }

  private func dot(_ a: Row, _ b: Row) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  private func softmax(_ scores: Row) -> Row {
    let peak = scores.max() ?? 0
    let powers = scores.map { exp($0 - peak) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
