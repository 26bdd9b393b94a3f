// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// A dense network: `NAME_gate`, `NAME_up` and `NAME_down`, as `blk.3.ffn` or, with `suffix`
  /// `_shexp`, the one that stands beside experts. Biases are optional.
  ///
  /// Without `NAME_gate`, `NAME_up` may hold both halves, gate first; else there is no gate.
  func dense(
    layer: Int, suffix: String = "", _ sizes: ModelSizes, width: Int,
    _ activation: Activation = .silu, plain: Bool = false
  ) throws(QuantError) -> DenseGraph {
    let prefix = "blk.\(layer).ffn_"
    let up = "\(prefix)up\(suffix)"
    let gate = "\(prefix)gate\(suffix)"
    let hasGate = source.contains("\(gate).weight")
    let input: DenseGraph.Input =
      if !hasGate, rows(of: up) == 2 * width {
        .fused(try linear(up, sizes.width, 2 * width))
      } else if hasGate || !plain {
        .separate(
          gate: try linear(gate, sizes.width, width), up: try linear(up, sizes.width, width))
      } else {
        .plain(try linear(up, sizes.width, width))
      }
    return DenseGraph(
      input: input, width: width, activation: activation,
      down: try linear("\(prefix)down\(suffix)", width, sizes.width))
  }

  /// Rows of a matrix; `nil` if there is none.
  private func rows(of name: String) -> Int? {
    (try? source.tensor("\(name).weight"))?.rowCount
  }

  /// A mixture of experts as most have it: softmax over all, the chosen ones' weights made to add
  /// up to 1.
  func mixture(
    layer: Int, _ sizes: ModelSizes, width: Int, gating: MixtureGraph.Gating = .softmax,
    normalizes: Bool = true, activation: Activation = .silu, plain: Bool = false,
    latent: LatentMixture? = nil, router given: Linear? = nil
  ) throws(QuantError) -> MixtureGraph {
    let used = sizes.usedExperts[layer]
    guard (1...max(sizes.experts, 1)).contains(used) else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).expert_used_count: expected a number from 1 to "
          + "\(sizes.experts), found \(used)")
    }
    let router =
      if let given { given } else {
        try linear("blk.\(layer).ffn_gate_inp", sizes.width, sizes.experts)
      }
    var mixture = MixtureGraph(
      router: router, count: sizes.experts, used: used, gating: gating, normalizes: normalizes,
      latent: latent,
      experts: try experts(
        layer: layer, sizes, inputs: latent?.width ?? sizes.width, width: width, activation,
        plain: plain))
    try setGroups(of: &mixture)
    return mixture
  }

  /// Groups that experts are chosen from, which the keys of every architecture may ask for.
  private func setGroups(of mixture: inout MixtureGraph) throws(QuantError) {
    let groups = try integer("expert_group_count", default: 0, in: 0...mixture.count)
    guard groups > 1 else { return }
    let used = try integer("expert_group_used_count", default: groups, in: 1...groups)
    let size = mixture.count / groups
    guard mixture.count % groups == 0, used * size >= mixture.used else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).expert_group_count: expected groups of equal size with "
          + "\(mixture.used) experts in those used, found \(groups) of \(mixture.count) experts")
    }
    mixture.groups = groups
    mixture.usedGroups = used
  }

  private func experts(
    layer: Int, _ sizes: ModelSizes, inputs: Int, width: Int, _ activation: Activation, plain: Bool
  ) throws(QuantError) -> ExpertGraph {
    let down = try matrices(layer, "down", width, inputs, sizes.experts)
    let hasGate = ["gate_exps", "gate.0", "gate_up_exps", "gate_up.0"].contains {
      source.contains("blk.\(layer).ffn_\($0).weight")
    }
    guard hasGate || !plain else {
      return ExpertGraph(
        input: .plain(try matrices(layer, "up", inputs, width, sizes.experts)), width: width,
        activation: activation, down: down)
    }
    let isFused = ["_exps", ".0"].contains {
      source.contains("blk.\(layer).ffn_gate_up\($0).weight")
    }
    guard !isFused else {
      return ExpertGraph(
        input: .fused(try matrices(layer, "gate_up", inputs, 2 * width, sizes.experts)),
        width: width, activation: activation, down: down)
    }
    return ExpertGraph(
      input: .separate(
        gate: try matrices(layer, "gate", inputs, width, sizes.experts),
        up: try matrices(layer, "up", inputs, width, sizes.experts)),
      width: width, activation: activation, down: down)
  }

  /// Projections around experts that work in narrower vectors: `blk.N.ffn_DOWN` and so on; a norm is
  /// optional.
  func latentMixture(
    layer: Int, _ sizes: ModelSizes, width: Int, down: String, norm: String? = nil, up: String
  ) throws(QuantError) -> LatentMixture {
    let prefix = "blk.\(layer).ffn_"
    return LatentMixture(
      down: try linear(prefix + down, sizes.width, width),
      norm: try norm.map { name throws(QuantError) in
        try optionalNorm(prefix + name, width)
      } ?? nil,
      up: try linear(prefix + up, width, sizes.width))
  }

  /// One projection of all experts: merged into one tensor, or one tensor each.
  private func matrices(
    _ layer: Int, _ projection: String, _ inputs: Int, _ outputs: Int, _ count: Int
  ) throws(QuantError) -> ExpertGraph.Matrices {
    let merged = "blk.\(layer).ffn_\(projection)_exps"
    guard !source.contains("\(merged).weight"),
      source.contains("blk.\(layer).ffn_\(projection).0.weight")
    else {
      return .merged(
        Linear(
          tensor: try tensor("\(merged).weight", [inputs, outputs, count]), outputs: outputs,
          bias: try optional("\(merged).bias", [outputs, count]),
          factor: try optional("\(merged).scale", [count])))
    }
    var list: [Linear] = []
    for expert in 0..<count {
      list.append(try linear("blk.\(layer).ffn_\(projection).\(expert)", inputs, outputs))
    }
    return .separate(list)
  }
}
