// SPDX-License-Identifier: MIT
internal import QuantModels

/// Kernels that do several operations at once read what the first of them reads until the last is done:
/// the backend has the allocator keep it.
extension GraphBuilder {
  /// Experts that one kernel can add up.
  private static let summedExperts = 2...15
  /// Numbers of experts that one kernel can choose from, beside powers of two up to 512.
  private static let chosenExperts: Set<Int> = [288, 576]

  /// Keeps what experts say, and their weights, until they are added up.
  ///
  /// - Parameters:
  ///   - weighted: What the experts say times the weights, perhaps with a scale for each expert before.
  ///   - total: Their sum.
  mutating func keepForSum(of weighted: Int, until total: Int) {
    guard options.rules.keepsExperts, Self.summedExperts.contains(graph.shape(weighted).b) else {
      return
    }
    for source in graph.tensors[weighted].sources {
      let factors = isScaled(source) ? graph.tensors[source].sources : [source]
      for factor in factors { graph.keep(factor, until: total) }
    }
  }

  /// Whether a tensor is what experts say times a number for each of them.
  private func isScaled(_ tensor: Int) -> Bool {
    let made = graph.tensors[tensor]
    guard made.operation == .elementwise, made.sources.count == 2 else { return false }
    let (whole, scale) = (graph.shape(made.sources[0]), graph.shape(made.sources[1]))
    return whole == made.shape && scale == GraphShape(1, whole.b, whole.c, whole.d)
  }

  /// Keeps all that a router computes until the weights of the chosen experts are known.
  ///
  /// - Parameters:
  ///   - scores: The scores of all experts.
  ///   - chosen: The numbers of the chosen ones.
  ///   - weights: Their weights.
  mutating func keepForRouting(from scores: Int, by chosen: Int, to weights: Int) {
    let count = graph.shape(scores).a
    let isKnown = (count <= 512 && count & (count - 1) == 0) || Self.chosenExperts.contains(count)
    // A choice among groups, or by a table, comes between the operations that belong together.
    let isSorted = graph.tensors[graph.tensors[chosen].root ?? chosen].operation == .other
    guard options.rules.keepsRouting, isKnown, isSorted, shape.expertGroups < 2,
      traits.computation.gating != .softmaxOfChosen
    else { return }
    for tensor in scores..<weights where graph.tensors[tensor].role == .result {
      graph.keep(tensor, until: weights)
    }
  }
}
