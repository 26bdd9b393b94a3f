// SPDX-License-Identifier: MIT
import Quant

/// A frontier as JSON, each point with the commands that make it.
struct FrontierJSON: Encodable {
  let frontier: Frontier

  private enum Key: CodingKey { case points, commands }

  private struct Point: Encodable {
    let point: Frontier.Point
    let commands: [String]

    func encode(to encoder: any Encoder) throws {
      try point.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(commands, forKey: .commands)
    }
  }

  func encode(to encoder: any Encoder) throws {
    try frontier.encode(to: encoder)
    let points = frontier.points.map { point in
      Point(point: point, commands: VariantCommands(point, of: frontier).lines)
    }
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(points, forKey: .points)
  }
}
