// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Blocks that carry something from token to token, against loops over tokens in double precision: windows
/// shorter than a chunk, and of several chunks with a rest.
@Suite("Recurrent blocks") struct RecurrentBlockTests {
  private typealias Row = TinyRecurrent.Row
  private static let width = TinyRecurrent.width
  private static let lengths = [1, 5, 64, 133]

  private static func sum(_ a: Row, _ b: Row, times factor: Double = 1) -> Row {
    zip(a, b).map { a, b in a + factor * b }
  }

  private static func slice(_ row: Row, _ first: Int, _ count: Int) -> Row {
    Row(row[first..<first + count])
  }

  // MARK: State spaces

  /// 20 channels with 5 states each, steps made of 3 numbers.
  @Test(arguments: lengths, [false, true])
  func `Mamba 1 is the recurrence`(_ length: Int, normed: Bool) throws {
    let (inner, states, rank) = (20, 5, 3)
    var model = TinyRecurrent(
      "mamba",
      [
        "ssm.conv_kernel": 4, "ssm.inner_size": 20, "ssm.state_size": 5, "ssm.time_step_rank": 3,
        "ssm.dt_b_c_rms": normed ? 1 : 0,
      ])
    model.add("blk.0.attn_norm.weight", [Self.width], 0.3, 1)
    model.add("blk.0.ssm_in.weight", [Self.width, 2 * inner])
    model.add("blk.0.ssm_conv1d.weight", [4, inner])
    model.add("blk.0.ssm_conv1d.bias", [inner])
    model.add("blk.0.ssm_x.weight", [inner, rank + 2 * states])
    model.add("blk.0.ssm_dt.weight", [rank, inner])
    model.add("blk.0.ssm_dt.bias", [inner], 1)
    model.add("blk.0.ssm_a", [states, inner], 2, -2.1)
    model.add("blk.0.ssm_d", [inner])
    model.add("blk.0.ssm_out.weight", [inner, Self.width])
    let (a, d) = (model["blk.0.ssm_a"], model["blk.0.ssm_d"])
    let difference = try model.largestDifference(length: length) { [model] rows in
      let both = rows.map {
        model.product("blk.0.ssm_in", model.norm("blk.0.attn_norm", $0))
      }
      let xs = model.convolved("blk.0.ssm_conv1d", both.map { Self.slice($0, 0, inner) })
      var h = [Row](repeating: Row(repeating: 0, count: states), count: inner)
      return rows.indices.map { row in
        let x = xs[row].map(TinyRecurrent.silu)
        let all = model.product("blk.0.ssm_x", x)
        var parts = [
          Self.slice(all, 0, rank), Self.slice(all, rank, states),
          Self.slice(all, rank + states, states),
        ]
        if normed { parts = parts.map { model.norm(nil, $0) } }
        let steps = Self.sum(model.product("blk.0.ssm_dt", parts[0]), model["blk.0.ssm_dt.bias"])
        let y = (0..<inner).map { channel in
          let step = TinyRecurrent.softplus(steps[channel])
          var sum = d[channel] * x[channel]
          for state in 0..<states {
            h[channel][state] *= exp(step * a[channel * states + state])
            h[channel][state] += parts[1][state] * step * x[channel]
            sum += parts[2][state] * h[channel][state]
          }
          return sum * TinyRecurrent.silu(both[row][inner + channel])
        }
        return Self.sum(rows[row], model.product("blk.0.ssm_out", y))
      }
    }
    #expect(difference < 2e-5)
  }

  /// Six heads of 4 channels in two groups, with 5 states each.
  @Test(arguments: lengths) func `Mamba 2 is the recurrence`(_ length: Int) throws {
    let (inner, states, groups, heads) = (24, 5, 2, 6)
    let mixed = inner + 2 * groups * states
    var model = TinyRecurrent(
      "mamba2",
      [
        "ssm.conv_kernel": 3, "ssm.inner_size": 24, "ssm.state_size": 5, "ssm.time_step_rank": 6,
        "ssm.group_count": 2,
      ])
    model.add("blk.0.attn_norm.weight", [Self.width], 0.3, 1)
    model.add("blk.0.ssm_in.weight", [Self.width, inner + mixed + heads])
    model.add("blk.0.ssm_conv1d.weight", [3, mixed])
    model.add("blk.0.ssm_conv1d.bias", [mixed])
    model.add("blk.0.ssm_dt.bias", [heads], 1)
    // From states that hardly decay to some that are gone at once.
    model.add("blk.0.ssm_a", [1, heads], 3, -3.01)
    model.add("blk.0.ssm_d", [1, heads])
    model.add("blk.0.ssm_norm.weight", [inner / groups, groups], 0.3, 1)
    model.add("blk.0.ssm_out.weight", [inner, Self.width])
    let (a, d) = (model["blk.0.ssm_a"], model["blk.0.ssm_d"])
    let difference = try model.largestDifference(length: length) { [model] rows in
      let all = rows.map { model.product("blk.0.ssm_in", model.norm("blk.0.attn_norm", $0)) }
      let channels = model.convolved(
        "blk.0.ssm_conv1d", all.map { Self.slice($0, inner, mixed) })
      var s = [Row](repeating: Row(repeating: 0, count: states), count: inner)
      return rows.indices.map { row in
        let x = channels[row].map(TinyRecurrent.silu)
        var y = (0..<inner).map { channel in
          let head = channel / (inner / heads)
          let group = head / (heads / groups)
          let step = TinyRecurrent.softplus(
            all[row][inner + mixed + head] + model["blk.0.ssm_dt.bias"][head])
          var sum = d[head] * x[channel]
          for state in 0..<states {
            s[channel][state] *= exp(step * a[head])
            s[channel][state] += step * x[inner + group * states + state] * x[channel]
            sum += x[inner + (groups + group) * states + state] * s[channel][state]
          }
          return sum * TinyRecurrent.silu(all[row][channel])
        }
        let weight = model["blk.0.ssm_norm.weight"]
        y = (0..<groups).flatMap { model.norm(nil, Self.slice(y, $0 * 12, 12)) }
        y = zip(y, weight).map { $0 * $1 }
        return Self.sum(rows[row], model.product("blk.0.ssm_out", y))
      }
    }
    #expect(difference < 2e-5)
  }

  // MARK: Convolution

  @Test(arguments: lengths) func `a short convolution is one between gates`(_ length: Int) throws {
    var model = TinyRecurrent(
      "lfm2",
      [
        "shortconv.l_cache": 3, "attention.head_count": 2, "attention.head_count_kv": 0,
        "feed_forward_length": 1,
      ])
    for name in ["attn_norm", "ffn_norm"] {
      model.add("blk.0.\(name).weight", [Self.width], 0.3, 1)
    }
    model.add("blk.0.shortconv.in_proj.weight", [Self.width, 3 * Self.width])
    model.add("blk.0.shortconv.conv.weight", [3, Self.width])
    model.add("blk.0.shortconv.out_proj.weight", [Self.width, Self.width])
    // The network beside it adds nothing.
    for name in ["gate", "up"] { model.add("blk.0.ffn_\(name).weight", [Self.width, 1]) }
    model.add("blk.0.ffn_down.weight", [1, Self.width], 0)
    model.add("token_embd_norm.weight", [Self.width])
    let width = Self.width
    let difference = try model.largestDifference(length: length) { [model] rows in
      let all = rows.map {
        model.product("blk.0.shortconv.in_proj", model.norm("blk.0.attn_norm", $0))
      }
      let mixed = model.convolved(
        "blk.0.shortconv.conv",
        all.map { row in (0..<width).map { row[$0] * row[2 * width + $0] } })
      return rows.indices.map { row in
        let y = (0..<width).map { all[row][width + $0] * mixed[row][$0] }
        return Self.sum(rows[row], model.product("blk.0.shortconv.out_proj", y))
      }
    }
    #expect(difference < 2e-5)
  }
}
