// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantEvaluation
public import QuantModels

/// Gathers the moments of a model over a text, layer by layer.
///
/// A layer is run for as many inputs as memory holds, and again for the others. What was gathered in each
/// of these rounds goes into a file of its own; in the end they are put together.
final class MomentsRun {
  private let evaluator: Evaluator
  private let description: MomentsDescription
  private let path: String
  private let memory: MomentsMemory
  /// The text: first the windows that moments are of, then those that are held out.
  private let tokens: [Int32]
  private let length: Int
  private let segments: [Segment]
  /// The tensors that are wanted of each layer, and of the output.
  private let tensors: [Set<String>]
  private let meter: WorkMeter
  private let work: EvaluationWork

  /// Windows that are in memory together.
  private struct Segment {
    /// Their tokens' rows.
    let rows: Range<Int>
    let isHeldOut: Bool
  }

  private var graph: ModelGraph { evaluator.graph }
  private var statesPath: String { path + ".states" }

  /// Prepares.
  ///
  /// Throws `QuantError` as `Evaluator.gatherMoments` does.
  init(
    _ evaluator: Evaluator, _ windows: EvaluationWindows, datasets: [String],
    _ options: MomentsOptions, path: String, progress: @escaping (EvaluationProgress) -> Void
  ) throws(QuantError) {
    try evaluator.check(windowLength: windows.length)
    try CalibrationText.check(windows)
    self.evaluator = evaluator
    self.path = path
    description = try MomentsDescription(evaluator, windows, datasets: datasets, options)
    length = windows.length
    let range = options.part?.range(of: windows.count) ?? 0..<windows.count
    let text = CalibrationText(windows: windows)
    let order = range.filter { !text.isHeldOut(token: $0 * windows.length) }
    let heldOut = range.filter { text.isHeldOut(token: $0 * windows.length) }
    tokens = (order + heldOut).flatMap {
      windows.tokens[$0 * windows.length..<($0 + 1) * windows.length]
    }
    tensors = Self.tensors(evaluator.graph, includesOutput: options.includesOutput)
    let columns = evaluator.graph.units.map(\.tensor.rowWeights).max() ?? 0
    memory = try MomentsMemory(
      evaluator.graph, windows: range.count, length: windows.length,
      largest: MomentsGathering.bytes(columns: columns, heldOutRows: options.heldOutRows),
      bytes: evaluator.options.memoryBytes)
    segments = Self.segments(order.count, heldOut.count, size: memory.segment, length)
    work = EvaluationWork(evaluator.graph)
    meter = WorkMeter(total: work.layers * tokens.count, progress)
  }

  /// The names of the tensors that quantizers may change, by layers, those of the output last.
  private static func tensors(_ graph: ModelGraph, includesOutput: Bool) -> [Set<String>] {
    var names = [Set<String>](repeating: [], count: graph.layers.count + 1)
    for unit in graph.units where unit.position != .embedding {
      let layer = unit.position.layer ?? graph.layers.count
      guard layer < graph.layers.count || includesOutput && !graph.isEncoder else { continue }
      names[layer].insert(unit.tensor.name)
    }
    return names
  }

  private static func segments(
    _ count: Int, _ heldOut: Int, size: Int, _ length: Int
  ) -> [Segment] {
    func cut(_ windows: Range<Int>, isHeldOut: Bool) -> [Segment] {
      stride(from: windows.lowerBound, to: windows.upperBound, by: size).map {
        Segment(
          rows: $0 * length..<min($0 + size, windows.upperBound) * length, isHeldOut: isHeldOut)
      }
    }
    return cut(0..<count, isHeldOut: false) + cut(count..<count + heldOut, isHeldOut: true)
  }

  /// Runs, or goes on where an earlier run was cut off.
  func run() throws(QuantError) -> MomentsFile {
    try QuantError.wrapping { () throws(FileError) in try Disk.checkPlace(path) }
    var states = try begin()
    for layer in 0..<states.layer { meter.skip(work.layer(layer) * tokens.count) }
    for layer in states.layer..<graph.layers.count { states = try run(layer, states) }
    try gatherOutput(states)
    try QuantError.wrapping { () throws(FileError) in try evaluator.model.checkUnchanged() }
    let paths = (0...graph.layers.count).flatMap { rounds(of: $0) }
    let parts = try paths.map { path throws(QuantError) in try MomentsFile(path) }
    try MomentsFile.join(parts, description, to: path)
    for part in parts { Disk.remove(part.path) }
    Disk.remove(statesPath)
    UnfinishedFiles.release(.state(statesPath))
    return try MomentsFile(path)
  }

  // MARK: States

  /// The states that an earlier run left, or those of the embedding.
  private func begin() throws(QuantError) -> MomentStates {
    if Disk.exists(statesPath) {
      let states = try openStates()
      UnfinishedFiles.keep(.state(statesPath))
      if states.layer <= graph.layers.count { return states }
    }
    let writer = try writer(layer: 0)
    for segment in segments {
      let part = Array(tokens[segment.rows])
      let states = try evaluator.embed(part, windowLength: length)
      try FiniteCheck(evaluator, part, length: length).check(states, from: .embedding)
      try write(states, segment, writer)
    }
    return try finish(writer)
  }

  private func openStates() throws(QuantError) -> MomentStates {
    try MomentStates(statesPath, description, width: graph.stateWidth, tokens: tokens.count)
  }

  private func writer(layer: Int) throws(QuantError) -> GGUFWriter {
    try MomentStates.writer(
      statesPath, description, layer: layer, width: graph.stateWidth, tokens: tokens.count)
  }

  private func write(
    _ states: Matrix, _ segment: Segment, _ writer: GGUFWriter
  ) throws(QuantError) {
    try QuantError.wrapping { () throws(FileError) in
      try writer.write(states, to: 0, at: 4 * states.columns * segment.rows.lowerBound)
    }
  }

  private func finish(_ writer: GGUFWriter) throws(QuantError) -> MomentStates {
    try QuantError.wrapping { () throws(FileError) in try writer.finish() }
    UnfinishedFiles.keep(.state(statesPath))
    return try openStates()
  }

  // MARK: Layers

  /// Gathers for a layer, and gives the states behind it.
  private func run(_ layer: Int, _ states: MomentStates) throws(QuantError) -> MomentStates {
    let next = try writer(layer: layer + 1)
    try gather(layer) { gathering, round throws(QuantError) in
      for segment in segments {
        try QuantError.checkCancellation()
        gathering.begin(isHeldOut: segment.isHeldOut)
        let rows = try states.states(segment.rows)
        try pass(layer, gathering).run(rows)
        guard round == 0 else { continue }
        try FiniteCheck(evaluator, Array(tokens[segment.rows]), length: length)
          .check(rows, from: .layer(layer))
        try write(rows, segment, next)
        meter.add(work.layer(layer) * segment.rows.count)
      }
    }
    return try finish(next)
  }

  private func pass(_ layer: Int, _ gathering: MomentsGathering) -> LayerPass {
    let first = evaluator.options.firstPosition
    return LayerPass(
      context: evaluator.context(windowLength: length, observer: gathering),
      graph: graph.layers[layer], layer: layer, positions: first..<first + length,
      chunk: memory.chunk * length)
  }

  private func gatherOutput(_ states: MomentStates) throws(QuantError) {
    let last = graph.layers.count
    guard !tensors[last].isEmpty else { return removeRounds(of: last) }
    let context = evaluator.context(windowLength: length)
    try gather(last) { gathering, _ throws(QuantError) in
      for segment in segments {
        gathering.begin(isHeldOut: segment.isHeldOut)
        let rows = try evaluator.normedOutput(of: try states.states(segment.rows), context)
        if graph.scalesOutputInput {
          let scaled = Matrix(rows: rows.rows, columns: rows.columns)
          scaled.clear()
          try context.add(rows, times: graph.logitScale, to: scaled)
          try observe(scaled, gathering, context)
        } else {
          try observe(rows, gathering, context)
        }
      }
    }
  }

  private func observe(
    _ rows: Matrix, _ gathering: MomentsGathering, _ context: ForwardContext
  ) throws(QuantError) {
    try gathering.observe(
      graph.output.tensor, matrix: 0, input: rows, windows: context.windows(of: rows.rows),
      workers: evaluator.workers)
  }

  // MARK: Rounds

  /// Gathers in as many rounds as it takes, each into a file.
  private func gather(
    _ layer: Int, _ run: (MomentsGathering, Int) throws(QuantError) -> Void
  ) throws(QuantError) {
    removeRounds(of: layer)
    let gathering = MomentsGathering(
      tensors[layer], heldOutRows: description.heldOutRows, memoryBytes: memory.momentBytes,
      isPart: description.part != nil)
    var round = 0
    while true {
      try run(gathering, round)
      let (inputs, isLast) = try gathering.finishRound(evaluator.workers)
      try write(inputs, to: roundPath(layer, round))
      guard !isLast else { return }
      round += 1
    }
  }

  private func write(
    _ inputs: [(moments: SecondMoments, matrices: [MomentsMatrix])], to path: String
  ) throws(QuantError) {
    let list = inputs.map {
      MomentsInput(
        matrices: $0.matrices, columns: $0.moments.columns, tokens: $0.moments.tokens,
        heldOutRows: $0.moments.heldOut.count)
    }
    var writer = try MomentsWriter(path, description, list)
    for (index, input) in inputs.enumerated() { try writer.write(index, input.moments) }
    try writer.finish()
  }

  private func roundPath(_ layer: Int, _ round: Int) -> String { "\(path).\(layer).\(round)" }

  /// The files of a layer's rounds.
  private func rounds(of layer: Int) -> [String] {
    var paths: [String] = []
    while case let next = roundPath(layer, paths.count), Disk.exists(next) { paths.append(next) }
    return paths
  }

  private func removeRounds(of layer: Int) {
    for path in rounds(of: layer) { Disk.remove(path) }
  }
}

extension Evaluator {
  /// Gathers second moments of what goes into the matrices that quantizers may change, layer by layer,
  /// into a file.
  ///
  /// A run that is cut off keeps `path`.states and files of the layers that are done; one of the same model,
  /// text and options goes on with them. Nothing depends on threads or memory.
  ///
  /// - Parameters:
  ///   - windows: The text; every eighth window is held out.
  ///   - datasets: Names of the texts, for the file.
  ///   - options: What is gathered.
  ///   - path: The file.
  ///   - progress: Called after each layer and as many windows as are in memory together.
  /// - Returns: The file.
  /// - Throws: `QuantError` for windows longer than the context length, tokens that the model does not
  ///   have, weights that cannot be read, activations or sums that are not finite, too little memory, or
  ///   files of another run; `.cancelled` if the task was cancelled.
  /// - Complexity: A forward pass of the text, more often for layers whose moments do not fit in memory at
  ///   once; and *n*² products a token for each input of *n* columns. On disk twice the result.
  public func gatherMoments(
    over windows: EvaluationWindows, datasets: [String], options: MomentsOptions = MomentsOptions(),
    to path: String, progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) -> MomentsFile {
    try MomentsRun(
      self, windows, datasets: datasets, options, path: path, progress: progress
    ).run()
  }
}
