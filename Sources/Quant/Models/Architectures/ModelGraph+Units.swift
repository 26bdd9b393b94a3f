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
  case attention(layer: Int)
  case dense(layer: Int)
  case shared(layer: Int)
  case expert(layer: Int, Projection)
}

/// A unit of a model that may have a type of its own.
package struct ModelUnit: Sendable {
  package let position: UnitPosition
  package let tensor: TensorInfo
  /// The expert, for units of experts.
  package var expert: Int?
  /// Which of the tensor's matrices; `nil` for all.
  package var matrix: Int?
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

extension LayerGraph {
  fileprivate func units(layer: Int) -> [ModelUnit] {
    let attention = attention.tensors.map {
      ModelUnit(position: .attention(layer: layer), tensor: $0)
    }
    switch feedForward {
    case .dense(let dense):
      return attention
        + dense.tensors.map { ModelUnit(position: .dense(layer: layer), tensor: $0) }
    case .mixture(let mixture):
      let shared = (mixture.shared?.tensors ?? []).map {
        ModelUnit(position: .shared(layer: layer), tensor: $0)
      }
      return attention + mixture.expertUnits(layer: layer) + shared
    }
  }
}

extension AttentionGraph {
  fileprivate var tensors: [TensorInfo] {
    let inputs =
      switch input {
      case .separate(let query, let key, let value): [query, key, value].map(\.tensor)
      case .fused(let linear, _, _, _): [linear.tensor]
      case .latent(let latent): latent.tensors
      }
    return inputs + [output.tensor]
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
    case .fused(let linear): [linear.tensor, down.tensor]
    }
  }
}

extension MixtureGraph {
  fileprivate func expertUnits(layer: Int) -> [ModelUnit] {
    let inputs: [(UnitPosition.Projection, ExpertGraph.Matrices)] =
      switch experts.input {
      case .separate(let gate, let up): [(.gate, gate), (.up, up)]
      case .fused(let both): [(.gateUp, both)]
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
