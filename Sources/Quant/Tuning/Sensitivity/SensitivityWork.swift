// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// What the steps of a measurement cost, in products of a weight with a number.
///
/// Estimates: they need to be right only beside each other, so that the share of `total` that is done is
/// about the share of the time that has passed.
struct SensitivityWork {
  /// The text and the model that are measured with.
  struct Extent {
    let graph: ModelGraph
    /// Tokens of the text.
    let tokens: Int
    /// Tokens of each probe.
    let probeTokens: Int
    /// Those of them whose predictions are compared.
    let countedTokens: Int
    /// Whether all experts of a layer share a probe for each projection.
    let sharesProbes: Bool
  }

  /// All steps.
  let total: Int
  /// Comparing one probe's predictions.
  let comparison: Int
  private let model: EvaluationWork
  private let trials: [[Int]]
  private let outputTrials: [[Int]]

  /// Adds up the steps of a measurement of some units in some types.
  init(_ targets: [SensitivityTarget], types: [TensorType], _ extent: Extent) {
    let model = EvaluationWork(extent.graph)
    self.model = model
    let comparison = 2 * extent.countedTokens * model.output
    self.comparison = comparison
    let costs = types.map(Self.encoding)
    trials = targets.map { target in
      let (products, weights) = Self.trial(target, extent, model)
      return zip(costs, target.formats).map { $1 == nil ? 0 : products + $0 * weights }
    }
    outputTrials = targets.map { target in
      let isOutput = target.unit.tensor == extent.graph.output.tensor
      let weights = target.weights * Self.outputPieces(extent)
      return zip(costs, target.formats).map { cost, format in
        isOutput && format != nil ? comparison + cost * weights : 0
      }
    }
    total =
      (trials + outputTrials).reduce(0) { $0 + $1.reduce(0, +) }
      + Self.probes(targets, extent, model, comparison)
  }

  /// One type of a unit, on the text.
  func trial(_ index: Int, _ type: Int) -> Int { trials[index][type] }

  /// One type of the output matrix.
  func outputTrial(_ index: Int, _ type: Int) -> Int { outputTrials[index][type] }

  /// A probe's token in a step of a layer.
  func step(_ step: Int, layer: Int) -> Int { model.steps[layer][step] }

  /// Products that take as long as encoding a weight: searches in the grids of IQ types take longest.
  private static func encoding(_ type: TensorType) -> Int {
    if type.name.hasPrefix("IQ") { return 1500 }
    return (type.layout?.bitsPerWeight ?? 32) > 8 ? 20 : 300
  }

  /// Products of a trial, and the weights that it encodes: each chunk of the text does so anew.
  private static func trial(
    _ target: SensitivityTarget, _ extent: Extent, _ model: EvaluationWork
  ) -> (products: Int, weights: Int) {
    let tokens = extent.tokens
    let pieces = max(1, tokens / LayerSensitivity.chunkTokens)
    switch target.unit.position {
    case .output: return (0, 0)
    case .embedding: return (0, tokens * extent.graph.width)
    case .attention(let layer):
      return (tokens * model.steps[layer][target.unit.step], target.weights * pieces)
    case .shared(let layer)
    where extent.graph.layers[layer].latent?.down.tensor == target.unit.tensor:
      // All experts see another input.
      return (tokens * model.steps[layer][target.unit.step], target.weights * pieces)
    case .dense, .shared: return (tokens * 3 * target.weights, target.weights * pieces)
    case .expert(let layer, _):
      let graph = extent.graph.layers[layer]
      let behind = (graph.latent?.up.tensor.weightCount ?? 0) / 2
      let share = EvaluationWork.share(of: target.weights + behind, graph)
      // Beside the projection itself, mostly the one behind it.
      return (tokens * 2 * share, target.weights)
    }
  }

  /// How often the output matrix is encoded for one comparison.
  private static func outputPieces(_ extent: Extent) -> Int {
    let rows = PredictionComparison.rowsAtOnce(vocabulary: extent.graph.vocabulary)
    return max(1, extent.countedTokens / rows)
  }

  /// The way of all probes from where they begin to their comparison.
  private static func probes(
    _ targets: [SensitivityTarget], _ extent: Extent, _ model: EvaluationWork, _ comparison: Int
  ) -> Int {
    let places = targets.filter { $0.probed != nil && $0.unit.position != .output }
    let single = places.filter { !extent.sharesProbes || $0.unit.expert == nil }
    let shared = Dictionary(
      places.filter { extent.sharesProbes && $0.unit.expert != nil }.map { ($0.unit.position, $0) },
      uniquingKeysWith: { first, _ in first })
    return (single + shared.values).reduce(0) { sum, target in
      let step = target.unit.step
      let products =
        switch target.unit.position {
        case .embedding: model.layers
        case .attention(let layer), .dense(let layer), .shared(let layer), .expert(let layer, _):
          model.behind(layer: layer, step: step)
        case .output: 0
        }
      return sum + extent.probeTokens * products + comparison
    }
  }
}

extension LayerGraph {
  /// What is around the layer's experts, if they work in narrower vectors.
  fileprivate var latent: LatentMixture? {
    steps.flatMap(\.branches).lazy.compactMap(\.block.mixture?.latent).first
  }
}
