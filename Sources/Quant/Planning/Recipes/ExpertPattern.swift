// SPDX-License-Identifier: MIT
import GGUF
public import QuantModels

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
  package func covers(_ name: ExpertTensorName) -> Bool {
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
