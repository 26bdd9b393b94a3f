// SPDX-License-Identifier: MIT
internal import GGUF

/// Kimi K3: Kimi Linear with experts in narrower vectors, another activation, and layers that look back at
/// what the stream was every few layers.
enum KimiK3: FileArchitecture {
  static let names = ["kimi-k3"]

  static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { [] }

  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph {
    let sizes = try ModelSizes(model)
    var bank = try CheckpointBank(model, sizes)
    let activation = try activation(model)
    let layers = try model.layers(sizes) { (layer) throws(QuantError) in
      var mixer = LayerStep(
        norm: try model.norm("blk.\(layer).attn_norm", sizes.width),
        try self.mixer(model, sizes, layer))
      mixer.connection = try bank.connection("blk.\(layer).attn_res_score", before: layer)
      var network = LayerStep(
        norm: try model.norm("blk.\(layer).ffn_norm", sizes.width),
        try feedForward(model, sizes, layer, activation))
      network.connection = try bank.connection("blk.\(layer).ffn_res_score")
      return LayerGraph(steps: [mixer, network])
    }
    var graph = try model.graph(sizes, tied: false, layers: layers)
    graph.carried = bank.carried
    if let mix = try bank.mix("output_res_score") { graph.merge = .checkpoints(mix) }
    return graph
  }

  private static func activation(_ model: ModelReader) throws(QuantError) -> Activation {
    let beta = try model.number("activation.situ_beta")
    guard beta > 0 else {
      throw .content(
        file: model.path, line: 0,
        what:
          "\(model.architecture).activation.situ_beta: expected a positive number, found \(beta)")
    }
    return .situ(beta: beta, linearBeta: max(0, try model.number("activation.situ_linear_beta")))
  }

  private static func mixer(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int
  ) throws(QuantError) -> BlockGraph {
    guard sizes.keyValueHeads[layer] > 0 else {
      let bound = try model.number("kda.gate_lower_bound", default: 0)
      guard bound < 0 || !model.has("kda.gate_lower_bound") else {
        throw .content(
          file: model.path, line: 0,
          what: "\(model.architecture).kda.gate_lower_bound: expected a negative number, found "
            + "\(bound)")
      }
      return .deltaNet(
        try model.kimiDelta(sizes, layer: layer, bound: bound, isNegated: bound != 0))
    }
    var attention = try model.stillLatentAttention(sizes, layer: layer)
    let gate = "blk.\(layer).attn_gate"
    if model.source.contains("\(gate).weight") {
      attention.gate = AttentionGate(
        .linear(try model.linear(gate, sizes.width, attention.heads * attention.valueSize)))
    }
    return .attention(attention)
  }

  private static func feedForward(
    _ model: ModelReader, _ sizes: ModelSizes, _ layer: Int, _ activation: Activation
  ) throws(QuantError) -> BlockGraph {
    guard try layer >= model.integer("leading_dense_block_count", default: 0) else {
      return .dense(
        try model.dense(layer: layer, sizes, width: sizes.feedForward[layer], activation))
    }
    try model.requireGating()
    let width = try model.integers("expert_feed_forward_length", layers: sizes.layers)[layer]
    let narrow = try model.integer("expert_latent_length", default: 0)
    let latent =
      try narrow == 0
      ? nil
      : model.latentMixture(
        layer: layer, sizes, width: narrow, down: "routed_down", norm: "routed_norm",
        up: "routed_up")
    var mixture = try model.keyedMixture(
      layer: layer, sizes, width: width, fallback: .sigmoid, needsBias: true,
      activation: activation, latent: latent)
    mixture.shared = try model.optionalSharedExperts(
      layer: layer, sizes, width: width, activation)
    return .mixture(mixture)
  }
}

/// The checkpoints that layers keep of the stream, every few layers.
private struct CheckpointBank {
  private(set) var carried = CarriedColumns()
  private var checkpoints: [CarriedSlot] = []
  private let model: ModelReader
  private let width: Int
  /// Layers from one checkpoint to the next; 0 for none.
  private let period: Int

  init(_ model: ModelReader, _ sizes: ModelSizes) throws(QuantError) {
    (self.model, width) = (model, sizes.width)
    period = try model.integer("attn_res.block_size", in: 0...65_535)
  }

  /// How a step is connected whose scores are made by a tensor; the first of some layers keeps a
  /// checkpoint.
  mutating func connection(
    _ score: String, before layer: Int? = nil
  ) throws(QuantError) -> Connection {
    guard var mix = try mix(score) else { return .residual }
    if let layer, layer % period == 0 {
      let slot = carried.slot(width)
      checkpoints.append(slot)
      mix.keeps = slot
    }
    return .checkpoints(mix)
  }

  /// What the checkpoints until now and the stream are mixed by; `nil` without checkpoints.
  func mix(_ score: String) throws(QuantError) -> CheckpointMix? {
    guard period > 0 else { return nil }
    return CheckpointMix(
      checkpoints, norm: Norm(weight: try model.tensor("\(score).weight", [width]), bias: nil))
  }
}
