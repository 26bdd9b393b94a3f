// SPDX-License-Identifier: MIT
import Quant

/// How a series looks: its shape and the class that the page's style gives a colour.
///
/// Colours are Okabe and Ito's, darker on white and lighter on black; shapes differ as well, so
/// that the series can be told apart without colour.
struct PlotMark {
  /// Half of a mark's width, in pixels.
  static let radius = 5.0

  let series: Frontier.Point.Series

  /// The class of its elements.
  var styleClass: String { "s-\(series.rawValue)" }

  /// The outline around the origin.
  var path: String {
    switch series {
    case .perExpert: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z"
    case .merged: "M-4.5 -4.5h9v9h-9z"
    case .uniform: "M0 -6L6 0L0 6L-6 0z"
    case .random: "M0 -5.5L5.5 4.5H-5.5z"
    case .router: "M0 5.5L5.5 -4.5H-5.5z"
    case .sensitivity: "M-2 -6H2V-2H6V2H2V6H-2V2H-6V-2H-2z"
    }
  }

  /// What the series is, beside its name in the legend.
  var meaning: String {
    switch series {
    case .perExpert: "the best types for a size, each expert its own"
    case .merged: "the best types for a size, one for all experts of a layer"
    case .uniform: "one type for everything"
    case .random: "some experts in few bits, chosen at random"
    case .router: "some experts in few bits, the least used first"
    case .sensitivity: "some experts in few bits, the least harmed first"
    }
  }

  /// Whether its points follow from each other, so that a line may join them; draws do not.
  var isJoined: Bool { series != .random }

  /// The mark at a place, in pixels; pointing at it tells the title, which legends do without.
  func drawn(x: Double, y: Double, isOnFront: Bool, title: String? = nil) -> String {
    Markup.element(
      "path",
      [
        "class": "mark \(styleClass)\(isOnFront ? " on" : "")", "d": path,
        "transform": "translate(\(Markup.pixels(x)) \(Markup.pixels(y)))",
      ], title.map { Markup.text("title", $0) } ?? "")
  }

  /// The mark in running text.
  func inline(isOnFront: Bool) -> String {
    Markup.element(
      "svg",
      ["class": "key", "width": "16", "height": "16", "viewBox": "-8 -8 16 16", "role": "img"],
      drawn(x: 0, y: 0, isOnFront: isOnFront))
  }
}
