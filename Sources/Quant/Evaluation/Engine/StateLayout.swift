// SPDX-License-Identifier: MIT
package import QuantModels

/// Where the parts of a model's states are.
package struct StateLayout: Sendable {
  /// Numbers of a stream.
  package let width: Int
  /// Streams, one behind the other; what is carried follows.
  package let streams: Int

  init(width: Int, streams: Int) { (self.width, self.streams) = (width, streams) }

  init(_ graph: ModelGraph) { self.init(width: graph.width, streams: graph.streams) }

  /// A stream of some states.
  package func stream(_ index: Int = 0, of states: Matrix) -> Matrix {
    states.columns(index * width..<(index + 1) * width)
  }

  /// What some states carry in a slot.
  package func carried(_ slot: CarriedSlot, of states: Matrix) -> Matrix {
    let start = streams * width + slot.start
    return states.columns(start..<start + slot.count)
  }
}
