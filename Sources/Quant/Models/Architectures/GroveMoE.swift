// SPDX-License-Identifier: MIT
internal import GGUF

/// GroveMoE: Qwen 3's layers. Behind the experts stand smaller ones, which groups of experts share.
enum GroveMoE: EvaluableArchitecture {
  static let names = ["grovemoe"]

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var carried = CarriedColumns()
    let kept = Kept(output: carried.slot(sizes.width), logits: carried.slot(sizes.experts))
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var attention = try model.attention(sizes, layer: layer, .halves)
      try model.headNorms(&attention, layer: layer, required: true)
      var mixture = try model.mixture(
        layer: layer, sizes, width: try model.expertWidth(sizes, layer: layer))
      mixture.keptLogits = kept.logits
      var graph = try model.layer(layer, sizes, attention, .mixture(mixture))
      graph.steps[1].outputCopy = kept.output
      graph.steps.append(try groups(model, sizes, layer, mixture, kept))
      return graph
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    graph.carried = carried
    return graph
  }

  /// What a mixture leaves for the smaller experts.
  private struct Kept {
    let output: CarriedSlot
    let logits: CarriedSlot
  }

  private static func groups(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ mixture: MixtureGraph, _ kept: Kept
  ) throws(QuantError) -> LayerStep {
    let size = try model.integer("experts_per_group", in: 1...max(1, mixture.count))
    guard mixture.count % size == 0 else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).experts_per_group: expected a divisor of \(mixture.count), "
          + "found \(size)")
    }
    let count = mixture.count / size
    let width = try model.integer(
      "expert_chunk_feed_forward_length", default: mixture.experts.width)
    var small = mixture
    (small.count, small.used) = (count, min(mixture.used, count))
    (small.groups, small.usedGroups, small.keptLogits) = (1, 1, nil)
    small.experts = try experts(model, sizes, layer, width: width, count: count)
    let block = GroupExpertsGraph(mixture: small, groupSize: size, logits: kept.logits)
    var branch = StepBranch(.groupExperts(block))
    branch.source = kept.output
    return LayerStep(
      norm: nil, branches: [branch], scale: try model.number("expert_group_scale"))
  }

  private static func experts(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, width: Int, count: Int
  ) throws(QuantError) -> ExpertGraph {
    func matrices(
      _ name: String, _ inputs: Int, _ outputs: Int
    ) throws(QuantError) -> ExpertGraph.Matrices {
      let tensor = try model.tensor(
        "blk.\(layer).ffn_\(name)_chexps.weight", [inputs, outputs, count])
      return .merged(Linear(tensor: tensor, outputs: outputs))
    }
    return ExpertGraph(
      input: .separate(
        gate: try matrices("gate", sizes.width, width), up: try matrices("up", sizes.width, width)),
      width: width, down: try matrices("down", width, sizes.width))
  }
}

// MARK: Configuration

extension GroveMoE {
  static let modelTypes = ["grove_moe"]

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    let size = try config.integer("head_dim", default: 128)
    config.ignore("num_experts_per_group", "small_experts")
    return try Qwen2MoE.mixture("grovemoe", config, norms: .heads, bias: false) { header in
      // Two experts share a small one, as wide as a head.
      let count = header.experts / 2
      header.tensor("ffn_gate_chexps.weight", header.width, size, count)
      header.tensor("ffn_up_chexps.weight", header.width, size, count)
      header.tensor("ffn_down_chexps.weight", size, header.width, count)
    }
  }
}
