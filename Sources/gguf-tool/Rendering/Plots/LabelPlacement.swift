// SPDX-License-Identifier: MIT

/// Finds room for labels beside marks, one after the other; a label without room is left out.
struct LabelPlacement {
  /// A part of the picture, in pixels.
  struct Box {
    let x, y, width, height: Double

    func overlaps(_ other: Box) -> Bool {
      x < other.x + other.width && other.x < x + width && y < other.y + other.height
        && other.y < y + height
    }

    func holds(_ other: Box) -> Bool {
      other.x >= x && other.y >= y && other.x + other.width <= x + width
        && other.y + other.height <= y + height
    }
  }

  /// Pixels for each terminal cell of a label at the size that plots use.
  static let cellWidth = 6.3
  /// Pixels from a label's top to its bottom.
  static let height = 13.0

  private let area: Box
  private var taken: [Box] = []

  /// Makes an empty picture.
  init(area: Box) { self.area = area }

  /// Keeps labels away from a mark.
  mutating func avoid(x: Double, y: Double, radius: Double) {
    taken.append(Box(x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius))
  }

  /// Keeps labels away from a line.
  mutating func avoidLine(_ points: [(x: Double, y: Double)]) {
    for (a, b) in zip(points, points.dropFirst()) {
      let length = max((b.x - a.x).magnitude, (b.y - a.y).magnitude)
      for step in stride(from: 0, to: length, by: 5) {
        let part = step / length
        avoid(x: a.x + part * (b.x - a.x), y: a.y + part * (b.y - a.y), radius: 1.5)
      }
    }
  }

  /// Places a label.
  ///
  /// - Parameters:
  ///   - label: What is to be written.
  ///   - x: The pixel of the mark's middle.
  ///   - y: Likewise, downwards.
  ///   - gap: Pixels from the mark's middle to the label.
  /// - Returns: Its left end and its base line; `nil` if there is no room.
  mutating func place(
    _ label: String, besideX x: Double, y: Double, gap: Double
  ) -> (x: Double, y: Double)? {
    let (width, height) = (Double(Text.width(label)) * Self.cellWidth, Self.height)
    let boxes = [
      (x + gap, y - height - 2), (x + gap, y - height / 2), (x + gap, y + 2),
      (x - width / 2, y - height - gap), (x - width / 2, y + gap), (x - width - gap, y + 2),
      (x - width - gap, y - height / 2), (x - width - gap, y - height - 2),
    ].map { Box(x: $0.0, y: $0.1, width: width, height: height) }
    guard let free = boxes.first(where: { box in area.holds(box) && !isTaken(box) }) else {
      return nil
    }
    taken.append(free)
    return (free.x, free.y + height - 3)
  }

  private func isTaken(_ box: Box) -> Bool { taken.contains { $0.overlaps(box) } }
}
