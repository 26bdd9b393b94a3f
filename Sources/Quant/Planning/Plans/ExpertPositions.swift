// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The experts that a model has, to hold patterns to.
struct ExpertPositions {
  /// Experts of each layer and projection that has some.
  private var counts: [Int: [String: Int]] = [:]

  /// Looks through tensors of either layout.
  init(_ tensors: [TensorOutline]) {
    for tensor in tensors {
      guard let name = ExpertTensorName(tensor.name), name.suffix == "weight" else { continue }
      let shape = tensor.description.dimensions
      let own = name.expert.map { $0 + 1 } ?? (shape.count > 2 ? shape[2] : 1)
      counts[name.layer, default: [:]][name.projection, default: 0] = max(
        own, counts[name.layer]?[name.projection] ?? 0)
    }
  }

  /// Refuses a pattern for layers, experts or projections that the model does not have.
  ///
  /// Throws `QuantError.content` with what it has.
  func check(_ rule: TypeRule) throws(QuantError) {
    guard let pattern = rule.experts else { return }
    guard !counts.isEmpty else { throw wrong(rule, "the model has no experts") }
    if let layer = pattern.layers.numbers.first(where: { counts[$0] == nil }) {
      throw wrong(
        rule,
        "expected layers with experts, which are \(NumberList.text(of: Array(counts.keys))), found "
          + "\(layer)")
    }
    let places = counts.filter { pattern.layers.contains($0.key) }.values.flatMap { $0 }
    let chosen = places.filter { pattern.projection == nil || $0.key == pattern.projection }
    guard let most = chosen.map(\.value).max() else {
      let names = Set(places.map { "ffn_\($0.key)" }).sorted().joined(separator: ", ")
      throw wrong(rule, "expected a projection that the experts have, which are \(names)")
    }
    if let last = pattern.experts.ranges?.map(\.upperBound).max(), last >= most {
      throw wrong(rule, "expected experts from 0 to \(most - 1), found \(last)")
    }
  }

  private func wrong(_ rule: TypeRule, _ what: String) -> QuantError {
    .content(file: rule.file, line: rule.line, what: "\(rule.pattern): \(what)")
  }
}
