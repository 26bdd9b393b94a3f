// SPDX-License-Identifier: MIT
import Quant

/// Bits for each weight of every expert, for a few of a frontier's variants.
struct FrontierHeatMaps {
  /// Maps that a page shows at most; more are hardly compared by eye.
  private static let limit = 6

  private let facts: FrontierFacts

  /// Prepares the maps.
  init(_ facts: FrontierFacts) { self.facts = facts }

  /// The maps with their scale; empty if no variant has types for its experts.
  func maps() -> String {
    let shown = chosen.map { facts.points[$0] }
    let bits = shown.flatMap { $0.expertBits.joined() }.filter(BitColours.canShow)
    guard let colours = BitColours(bits) else { return "" }
    let figures = shown.map { point in
      let map = ExpertBitMap(rows: point.expertBits, layers: facts.frontier.expertLayers)
      let name = "\(point.series.rawValue) \(point.label): \(Units.bytes(point.sizeBytes))"
      return Markup.element(
        "figure", ["style": "width:\(Markup.pixels(map.width))px"],
        Markup.text("figcaption", name) + map.svg(colours))
    }
    let reading = "Bits for each weight of an expert: rows are layers, columns experts."
    return Markup.element("p", ["class": "note"], Markup.escaped(reading + rest))
      + colours.legend()
      + Markup.element("div", ["class": "maps"], figures.joined(separator: "\n"))
  }

  private var rest: String {
    let more = candidates.count - chosen.count
    return more > 0 ? " Shown are \(chosen.count) of \(candidates.count) such variants." : ""
  }

  /// The points on the front with a type for each expert, and the picked one.
  private var candidates: [Int] {
    facts.points.indices.filter { index in
      let point = facts.points[index]
      let isWanted = point.series == .perExpert && point.isOnFront || index == facts.pickedIndex
      return isWanted && point.expertBits.contains { !$0.isEmpty }
    }
  }

  /// Some of them, evenly from the smallest to the largest; the picked one takes the nearest's place.
  private var chosen: [Int] {
    let all = candidates
    guard all.count > Self.limit else { return all }
    var places = (0..<Self.limit).map { $0 * (all.count - 1) / (Self.limit - 1) }
    if let picked = facts.pickedIndex.flatMap({ all.firstIndex(of: $0) }),
      let nearest = places.indices.min(by: {
        (places[$0] - picked).magnitude < (places[$1] - picked).magnitude
      })
    {
      places[nearest] = picked
    }
    return places.map { all[$0] }
  }
}
