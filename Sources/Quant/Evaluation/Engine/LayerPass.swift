// SPDX-License-Identifier: MIT
internal import GGUF
package import QuantModels

/// One layer over all states of a segment, in place.
package struct LayerPass {
  package let context: ForwardContext
  package let graph: LayerGraph
  package let layer: Int
  /// The positions of every window.
  package let positions: Range<Int>
  /// Rows worked on at once: whole windows.
  package let chunk: Int

  /// Prepares a pass.
  package init(
    context: ForwardContext, graph: LayerGraph, layer: Int, positions: Range<Int>, chunk: Int
  ) {
    self.context = context
    self.graph = graph
    self.layer = layer
    self.positions = positions
    self.chunk = chunk
  }

  /// Numbers that a row needs for as long as a layer is worked on.
  static func segmentColumns(_ graph: LayerGraph, width: Int) -> Int {
    graph.steps.map { StepPass.segmentColumns($0, width: width) }.max() ?? 0
  }

  /// Numbers that a row of a chunk needs.
  package static func chunkColumns(_ graph: LayerGraph, width: Int, streams: Int) -> Int {
    // Those of the last few tokens together: what they choose, and three times all streams.
    let ngrams = graph.ngrams == nil ? 0 : (2 + 3 * streams) * width
    return graph.steps.map { StepPass.chunkColumns($0, width: width, streams: streams) }
      .reduce(ngrams, max)
  }

  /// Takes states through the layer.
  package func run(_ states: Matrix) throws(QuantError) {
    try begin(states)
    for index in graph.steps.indices { try step(index).run(states) }
    try finish(states)
  }

  /// One of its steps.
  package func step(_ index: Int) throws(QuantError) -> StepPass {
    try StepPass(graph.steps[index], of: self)
  }

  /// What comes before the first step.
  package func begin(_ states: Matrix) throws(QuantError) {
    if let turn = graph.turn {
      let first = context.layout.stream(of: states)
      let encoded = context.layout.carried(turn.encoded, of: states)
      try context.normalize(first, by: turn.norm, into: encoded)
      first.copy(from: context.layout.carried(turn.start, of: states))
    }
    if let prediction = graph.prediction {
      for start in stride(from: 0, to: states.rows, by: chunk) {
        let rows = states.rows(start..<min(start + chunk, states.rows))
        try StreamPass(context: context, states: rows).predict(by: prediction)
      }
    }
    if let graph = graph.ngrams {
      let pass = try NGramPass(graph, in: context)
      for start in stride(from: 0, to: states.rows, by: chunk) {
        try pass.run(states.rows(start..<min(start + chunk, states.rows)))
      }
    }
    if let slot = graph.inputCopy {
      context.layout.carried(slot, of: states).copy(from: context.layout.stream(of: states))
    }
  }

  /// What comes behind the last step.
  package func finish(_ states: Matrix) throws(QuantError) {
    if let factor = try context.vector(graph.outputFactor)?.first {
      try context.scale(context.layout.stream(of: states), by: factor)
    }
  }
}
