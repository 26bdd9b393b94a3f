internal import GGUF
// SPDX-License-Identifier: MIT
internal import QuantModels

extension GraphBuilder {
  /// The feed-forward network of a layer, or its experts.
  mutating func feedForward(_ layer: Int, _ input: Int) -> Int {
    let rows = graph.shape(input).b
    guard model.hasExperts(layer) else {
      return gated("blk.\(layer).ffn_", "", input, rows, width("blk.\(layer).ffn_up.weight"))
    }
    return withShared(layer, input, experts(layer, input, rows))
  }

  /// What the routed experts say, and what the shared ones add, which may have a gate.
  mutating func withShared(_ layer: Int, _ input: Int, _ routed: Int) -> Int {
    let rows = graph.shape(input).b
    guard model.contains("blk.\(layer).ffn_up_shexp.weight") else { return routed }
    var shared = gated(
      "blk.\(layer).ffn_", "_shexp", input, rows, width("blk.\(layer).ffn_up_shexp.weight"))
    let gate = "blk.\(layer).ffn_gate_inp_shexp.weight"
    if model.contains(gate) {
      let opening = product(weight(gate), input, rows: rows, 1)
      shared = elementwise(shared, elementwise(opening, opening))
    }
    return elementwise(routed, shared)
  }

  /// The outputs of a matrix.
  func width(_ name: String) -> Int {
    guard let index = model.index(of: name) else { return 0 }
    return model.tensors[index].description.dimensions.dropFirst().first ?? 1
  }

  /// The inputs of a matrix.
  private func inputs(_ name: String) -> Int {
    model.index(of: name).flatMap { model.tensors[$0].description.dimensions.first } ?? 0
  }

  mutating func gated(
    _ prefix: String, _ suffix: String, _ input: Int, _ rows: Int, _ width: Int
  ) -> Int {
    let up = linear("\(prefix)up\(suffix)", input, rows: rows, width)
    guard model.contains("\(prefix)gate\(suffix).weight") else {
      // Without a gate, or with gate and up in one, of which half the numbers are left.
      let inner = inputs("\(prefix)down\(suffix).weight")
      let half =
        2 * inner == width
        ? graph.result(.other, GraphShape(inner, rows), [up]) : elementwise(up, up)
      return linear("\(prefix)down\(suffix)", half, rows: rows, shape.width)
    }
    let gate = linear("\(prefix)gate\(suffix)", input, rows: rows, width)
    let gated = graph.result(.other, GraphShape(width, rows), [gate, up])
    return linear("\(prefix)down\(suffix)", gated, rows: rows, shape.width)
  }

  // MARK: Experts

  mutating func experts(_ layer: Int, _ input: Int, _ rows: Int) -> Int {
    let (chosen, weights) = routed(layer, input, rows)
    return mixed(layer, input, chosen, weights)
  }

  /// What the chosen experts make of an input, weighed and added up.
  mutating func mixed(_ layer: Int, _ input: Int, _ chosen: Int, _ weights: Int) -> Int {
    let (size, rows) = (graph.shape(input).a, graph.shape(input).b)
    let rowsOfOne = graph.view(input, GraphShape(size, 1, rows))
    let down = expertOutputs(layer, rowsOfOne, chosen, rows)
    let weighted = elementwise(down, weights)
    graph.expand(weighted)
    return sum(weighted, GraphShape(size, rows))
  }

  /// What each of a token's experts says.
  mutating func expertOutputs(_ layer: Int, _ input: Int, _ chosen: Int, _ rows: Int) -> Int {
    let names = "blk.\(layer).ffn_"
    let wide = GraphShape(shape.expertWidth, shape.usedExperts, rows)
    var gated: Int
    if model.contains(names + "gate_up_exps.weight") {
      let both = expertProduct(names + "gate_up_exps", input, chosen, rows, 2 * wide.a)
      gated = graph.result(.other, wide, [graph.view(both, wide), graph.view(both, wide)])
    } else {
      gated = expertProduct(names + "up_exps", input, chosen, rows, wide.a)
      if model.contains(names + "gate_exps.weight") {
        let gate = expertProduct(names + "gate_exps", input, chosen, rows, wide.a)
        gated = graph.result(.other, wide, [gate, gated])
      }
    }
    return expertProduct(names + "down_exps", gated, chosen, rows, graph.shape(input).a)
  }

  mutating func expertProduct(
    _ name: String, _ input: Int, _ chosen: Int, _ rows: Int, _ width: Int
  ) -> Int {
    let size = GraphShape(width, shape.usedExperts, rows)
    var result = graph.result(
      .expertProduct, size, [weight("\(name).weight"), input, chosen],
      deviceBytes: 4 * size.count + expertScratch(rows))
    if model.contains("\(name).scale") {
      result = elementwise(result, scales("\(name).scale", chosen, rows))
    }
    guard model.contains("\(name).bias") else { return result }
    return elementwise(result, weight("\(name).bias"), chosen)
  }

  /// The scale of each chosen expert.
  private mutating func scales(_ name: String, _ chosen: Int, _ rows: Int) -> Int {
    let column = graph.view(weight(name), GraphShape(1, shape.expertCount))
    let repeated = graph.result(.other, GraphShape(1, shape.expertCount, rows), [column])
    return graph.result(.rows, GraphShape(1, shape.usedExperts, rows), [repeated, chosen])
  }

  /// Which experts each token goes to, and with what weights.
  mutating func routed(
    _ layer: Int, _ input: Int, _ rows: Int
  ) -> (chosen: Int, weights: Int) {
    let scores = linear(
      "blk.\(layer).ffn_gate_inp", input, rows: rows, shape.expertCount)
    var probabilities =
      traits.computation.gating == .softmaxOfChosen ? scores : elementwise(scores, scores)
    if model.routing.takesRoot { probabilities = elementwise(probabilities, probabilities) }
    let chosen = self.chosen(layer, probabilities, rows)
    let column = graph.view(probabilities, GraphShape(1, shape.expertCount, rows))
    var weights = graph.result(
      .rows, GraphShape(1, shape.usedExperts, rows), [column, chosen])
    let flat = GraphShape(shape.usedExperts, rows)
    let tall = GraphShape(1, shape.usedExperts, rows)
    if traits.computation.gating == .softmaxOfChosen {
      let row = graph.view(weights, flat)
      weights = graph.view(elementwise(row, row), tall)
    }
    if traits.computation.normsExpertWeights {
      let row = graph.view(weights, flat)
      let sum = graph.result(.other, GraphShape(1, rows), [row])
      weights = graph.view(elementwise(row, elementwise(sum, sum)), tall)
    }
    if traits.scalesExpertWeights { weights = elementwise(weights, weights) }
    graph.expand(weights)
    keepForRouting(from: scores, by: chosen, to: weights)
    return (chosen, weights)
  }

  /// Whether each token of the vocabulary has its experts.
  func choosesByToken(_ layer: Int) -> Bool {
    model.contains("blk.\(layer).ffn_gate_tid2eid.weight")
  }

  mutating func chosen(_ layer: Int, _ probabilities: Int, _ rows: Int) -> Int {
    if choosesByToken(layer) {
      let table = "blk.\(layer).ffn_gate_tid2eid.weight"
      let ids = input("tokens", GraphShape(tokens), bytes: 4 * tokens)
      return graph.result(.rows, GraphShape(shape.usedExperts, rows), [weight(table), ids])
    }
    var scores = probabilities
    let bias = "blk.\(layer).exp_probs_b.bias"
    if model.contains(bias) { scores = elementwise(scores, weight(bias)) }
    if shape.expertGroups > 1 { scores = withinGroups(scores, rows) }
    let size = GraphShape(shape.expertCount, rows)
    let sorted = graph.result(
      .other, size, [scores], deviceBytes: 4 * size.count + sortScratch(4 * size.count))
    return part(
      sorted, GraphShape(shape.usedExperts, rows), of: shape.expertCount, rows: rows)
  }

  /// Leaves only the experts of the best groups: those whose two best experts score highest.
  mutating func withinGroups(_ scores: Int, _ rows: Int) -> Int {
    let (count, used) = (shape.expertGroups, shape.usedExpertGroups)
    let size = shape.expertCount / count
    let groups = graph.view(scores, GraphShape(size, count, rows))
    let sorted = graph.result(.other, GraphShape(size, count, rows), [groups])
    let best = graph.view(sorted, GraphShape(2, count, rows))
    let columns = graph.view(groups, GraphShape(1, size, count, rows))
    let top = graph.result(.rows, GraphShape(1, 2, count, rows), [columns, best])
    let pairs = graph.view(top, GraphShape(2, count, rows))
    let sums = graph.result(.other, GraphShape(1, count, rows), [pairs])
    let order = graph.result(
      .other, GraphShape(count, rows), [graph.view(sums, GraphShape(count, rows))])
    let winners = graph.view(order, GraphShape(used, rows))
    let kept = graph.result(.rows, GraphShape(size, used, rows), [groups, winners])
    let empty = graph.result(.elementwise, GraphShape(size, count, rows), [groups])
    let filled = graph.write([kept, winners], into: empty)
    return graph.view(filled, GraphShape(shape.expertCount, rows))
  }

  /// Adds up what the experts say.
  mutating func sum(_ weighted: Int, _ slice: GraphShape) -> Int {
    let parts = (0..<shape.usedExperts).map { _ in
      let part = graph.view(weighted, slice)
      graph.expand(part)
      return part
    }
    var total = parts[0]
    for part in parts.dropFirst() {
      total = graph.result(.elementwise, slice, [total, part])
      graph.expand(total)
    }
    keepForSum(of: weighted, until: total)
    return parts.count == 1 ? graph.result(.other, slice, [total]) : total
  }
}
