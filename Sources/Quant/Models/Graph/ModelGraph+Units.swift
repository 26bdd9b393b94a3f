// SPDX-License-Identifier: MIT
package import GGUF

/// Where a unit of a model does its work.
package enum UnitPosition: Sendable, Hashable {
  /// Projections of an expert.
  package enum Projection: Sendable, Hashable {
    case gate, up, gateUp, down
  }
  case embedding
  case output
  /// Attention, or what a layer has in its place.
  case attention(layer: Int)
  case dense(layer: Int)
  /// What all tokens pass beside experts, or before and behind them.
  case shared(layer: Int)
  case expert(layer: Int, Projection)

  /// The layer, for units of layers.
  package var layer: Int? {
    switch self {
    case .embedding, .output: nil
    case .attention(let layer), .dense(let layer), .shared(let layer), .expert(let layer, _): layer
    }
  }
}

/// A unit of a model that may have a type of its own.
package struct ModelUnit: Sendable {
  package let position: UnitPosition
  package let tensor: TensorInfo
  /// The expert, for units of experts.
  package var expert: Int?
  /// Which of the tensor's matrices; `nil` for all.
  package var matrix: Int?
  /// The step of its layer.
  package var step = 0
  /// The branch of that.
  package var branch = 0
}

extension ModelGraph {
  /// All units that quantizers may change, in the order in which a token meets them.
  package var units: [ModelUnit] {
    var units = [ModelUnit(position: .embedding, tensor: embedding)]
    for (index, layer) in layers.enumerated() { units += layer.units(layer: index) }
    if output.tensor != embedding {
      units.append(ModelUnit(position: .output, tensor: output.tensor))
    }
    return units.filter { !Untouchable.contains($0.tensor.description) }
  }
}

extension ModelGraph {
  /// The units of the layers that predict further tokens.
  package var unitsAhead: [ModelUnit] {
    ahead.enumerated().flatMap { index, graph in
      let layer = layers.count + index
      return [ModelUnit(position: .attention(layer: layer), tensor: graph.projection.tensor)]
        + graph.layer.units(layer: layer)
    }
  }
}

extension LayerGraph {
  fileprivate func units(layer: Int) -> [ModelUnit] {
    var units: [ModelUnit] = []
    for (step, graph) in steps.enumerated() {
      for (branch, part) in graph.branches.enumerated() {
        for var unit in part.block.units(layer: layer) {
          (unit.step, unit.branch) = (step, branch)
          units.append(unit)
        }
      }
    }
    return units
  }
}

extension BlockGraph {
  /// The units of a block that stands in a layer.
  package func units(layer: Int) -> [ModelUnit] {
    switch self {
    case .dense(let dense):
      return dense.tensors.map { ModelUnit(position: .dense(layer: layer), tensor: $0) }
    case .groupExperts(let graph):
      return graph.tensors.map { ModelUnit(position: .dense(layer: layer), tensor: $0) }
    case .mixture(let mixture):
      func units(_ tensors: [TensorInfo]) -> [ModelUnit] {
        tensors.map { ModelUnit(position: .shared(layer: layer), tensor: $0) }
      }
      let latent = mixture.latent.map { (down: [$0.down.tensor], up: [$0.up.tensor]) }
      return units(latent?.down ?? []) + mixture.expertUnits(layer: layer)
        + units(latent?.up ?? []) + units(mixture.shared?.tensors ?? [])
    default:
      return mixerTensors.map { ModelUnit(position: .attention(layer: layer), tensor: $0) }
    }
  }

  private var mixerTensors: [TensorInfo] {
    switch self {
    case .attention(let graph): graph.tensors
    case .compressedAttention(let graph): graph.tensors
    case .deltaNet(let graph): graph.tensors
    case .mamba(let graph): graph.tensors
    case .mamba2(let graph): graph.tensors
    case .shortConvolution(let graph): graph.tensors
    case .timeMix(let graph): graph.tensors
    case .channelMix(let graph): graph.tensors
    case .lowRank(let graph): graph.tensors
    case .perLayer(let graph): graph.tensors
    case .product(let linear): [linear.tensor]
    case .dense, .mixture, .groupExperts: []
    }
  }
}

extension AttentionGraph {
  fileprivate var tensors: [TensorInfo] {
    let inputs =
      switch input {
      case .separate(let query, let key, let value), .cross(let query, let key, let value, _):
        [query, key, value].map(\.tensor)
      case .fused(let linear, _, _, _): [linear.tensor]
      case .keysAsValues(let query, let key): [query.tensor, key.tensor]
      case .latent(let latent): latent.tensors
      case .shared(let query, _): [query.tensor]
      }
    let indexer = selection?.indexer?.products.map(\.tensor) ?? []
    return inputs + indexer + (gate?.tensors ?? []) + [output.tensor]
  }
}

extension AttentionGate {
  fileprivate var tensors: [TensorInfo] {
    if case .linear(let linear) = source { [linear.tensor] } else { [] }
  }
}

extension LatentAttention {
  fileprivate var tensors: [TensorInfo] {
    let queries =
      switch query {
      case .direct(let linear): [linear.tensor]
      case .compressed(let down, _, let up): [down.tensor, up.tensor]
      }
    let expanded =
      switch expansion {
      case .joint(let linear): [linear.tensor]
      case .perHead(let key, let value): [key, value]
      }
    return queries + [down.tensor] + expanded
  }
}

extension DenseGraph {
  fileprivate var tensors: [TensorInfo] {
    switch input {
    case .separate(let gate, let up): [gate.tensor, up.tensor, down.tensor]
    case .fused(let linear), .plain(let linear): [linear.tensor, down.tensor]
    }
  }
}

extension MixtureGraph {
  fileprivate func expertUnits(layer: Int) -> [ModelUnit] {
    let inputs: [(UnitPosition.Projection, ExpertGraph.Matrices)] =
      switch experts.input {
      case .separate(let gate, let up): [(.gate, gate), (.up, up)]
      case .fused(let both): [(.gateUp, both)]
      case .plain(let up): [(.up, up)]
      }
    return (inputs + [(.down, experts.down)]).flatMap { projection, matrices in
      (0..<count).map { expert in
        let (linear, matrix) = matrices.expert(expert)
        return ModelUnit(
          position: .expert(layer: layer, projection), tensor: linear.tensor, expert: expert,
          matrix: matrix)
      }
    }
  }
}
