// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

/// How far an evaluation is.
public struct EvaluationProgress: Sendable {
  /// The work that is done, in units that take about the same time each.
  public let done: Int
  /// How much of it an earlier run did.
  public let earlier: Int
  /// The work of the whole run.
  public let total: Int
}

/// What a token costs in each part of a model: products of a weight with a number, to which the time
/// is about proportional.
package struct EvaluationWork: Sendable {
  /// Those of the steps of each layer, those that predict further tokens at the end.
  package private(set) var steps: [[Int]]
  /// Those of the output matrix.
  package let output: Int

  /// That of the output matrix alone.
  package var onlyOutput: EvaluationWork {
    var work = self
    work.steps = steps.map { $0.map { _ in 0 } }
    return work
  }

  /// What comparing a logit costs beside its product.
  private static let logitCost = 30

  /// Counts those of a model.
  package init(_ graph: ModelGraph) {
    let layers = graph.layers + graph.ahead.map(\.layer)
    steps = layers.map { $0.steps.map { _ in 0 } }
    output = graph.vocabulary * (graph.width + Self.logitCost)
    for unit in graph.units + graph.unitsAhead {
      let weights = unit.tensor.weightCount
      switch unit.position {
      case .embedding, .output: continue
      case .attention(let layer), .dense(let layer), .shared(let layer):
        steps[layer][unit.step] += weights
      case .expert(let layer, _):
        steps[layer][unit.step] += Self.share(
          of: weights / unit.tensor.matrixCount, layers[layer])
      }
    }
  }

  /// What an expert costs a token in the mean: most tokens go elsewhere.
  package static func share(of weights: Int, _ layer: LayerGraph) -> Int {
    let mixtures = layer.steps.flatMap(\.branches).compactMap(\.block.mixture)
    guard let mixture = mixtures.first else { return weights }
    return weights * mixture.used / max(1, mixture.count)
  }

  /// A whole layer's.
  package func layer(_ index: Int) -> Int { steps[index].reduce(0, +) }

  /// All layers'.
  package var layers: Int { steps.reduce(0) { $0 + $1.reduce(0, +) } }

  /// Those behind a step of a layer.
  package func behind(layer: Int, step: Int) -> Int {
    steps[layer].dropFirst(step + 1).reduce(0, +)
      + steps.dropFirst(layer + 1).reduce(0) { $0 + $1.reduce(0, +) }
  }
}

/// Counts the work of a run as it is done.
package final class WorkMeter {
  private let total: Int
  private var earlier = 0
  private let report: (EvaluationProgress) -> Void
  /// What is done.
  package private(set) var done = 0

  /// Begins with nothing done; `report` is called after each step.
  package init(total: Int, _ report: @escaping (EvaluationProgress) -> Void) {
    self.total = total
    self.report = report
  }

  /// Takes work as done by an earlier run.
  package func skip(_ work: Int) {
    done += work
    earlier += work
  }

  /// Reports work as done.
  package func add(_ work: Int) {
    done += work
    report(EvaluationProgress(done: done, earlier: earlier, total: total))
  }
}
