// SPDX-License-Identifier: MIT
import GGUF

/// Single experts in a recipe: `blk.LAYERS.experts[LIST].PROJECTION`, such as
/// `blk.0-3,7.experts[0,3-5].ffn_down`.
public struct ExpertPattern: Sendable, Hashable {
  /// The layers.
  public let layers: NumberList
  /// The experts of each of them.
  public let experts: NumberList
  /// The projection, as in `ExpertTensorName`; `nil` for all.
  public let projection: String?

  private static let projections = ["ffn_gate", "ffn_up", "ffn_down", "ffn_gate_up"]
  private static let opening = ".experts["

  /// Whether text has this form, right or wrong: no tensor's name does, so that it cannot be meant as a
  /// regular expression.
  static func hasForm(_ text: String) -> Bool {
    text.hasPrefix("blk.") && text.contains(opening)
  }

  /// Reads a pattern; `nil` if the text is not one.
  public init?(_ text: String) {
    let text = text.filter { $0 != " " }
    guard Self.hasForm(text), let open = text.firstRange(of: Self.opening),
      let close = text[open.upperBound...].firstRange(of: "]."),
      open.lowerBound > text.index(text.startIndex, offsetBy: 3),
      let layers = NumberList(text.dropFirst(4).prefix(upTo: open.lowerBound)),
      let experts = NumberList(text[open.upperBound..<close.lowerBound])
    else { return nil }
    let projection = text[close.upperBound...]
    guard projection == "*" || Self.projections.contains(String(projection)) else { return nil }
    self.layers = layers
    self.experts = experts
    self.projection = projection == "*" ? nil : String(projection.dropFirst("ffn_".count))
  }

  /// What is said of text that has the form but cannot be read.
  static let expectation =
    "expected blk.LAYERS.experts[LIST].PROJECTION with numbers such as 0,3-5 or *, and a projection "
    + "of \(projections.joined(separator: ", ")) or *"

  /// Whether it speaks of a tensor of one expert, or of some expert of a merged tensor.
  func covers(_ name: ExpertTensorName) -> Bool {
    layers.contains(name.layer) && (projection.map { $0 == name.projection } ?? true)
      && name.suffix == "weight" && (name.expert.map(experts.contains) ?? true)
  }
}

extension ExpertPattern: CustomStringConvertible {
  /// The pattern as it is written in recipes.
  public var description: String {
    "blk.\(layers).experts[\(experts)].\(projection.map { "ffn_\($0)" } ?? "*")"
  }
}

/// The experts that a model has, to hold patterns to.
struct ExpertPlaces {
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
  /// Throws `QuantError.recipe` with what it has.
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
    .recipe(file: rule.file, line: rule.line, message: "\(rule.pattern): \(what)")
  }
}
