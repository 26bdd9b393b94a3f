// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantModels

/// How far the weights of one model are from those of another, tensor by tensor.
///
/// Tensors are matched by their names; experts that one of the two models has in a tensor of their own
/// are matched with their part of the other's merged tensor.
public struct ModelComparison: Sendable {
  /// One tensor that both have, or one expert of it.
  public struct Tensor: Sendable {
    /// The name; of the single expert, where one of the models has one.
    public let name: String
    /// The types in both models.
    public let type: String, otherType: String
    /// The name without layer and expert: `ffn_down_exps`; `norms and small` for vectors.
    public let role: String
    /// How far the two are apart.
    public internal(set) var difference = DifferenceSums()
  }

  /// The paths of both.
  public let path: String, otherPath: String
  /// What both have, in the order of the first.
  public private(set) var tensors: [Tensor]
  /// What only one of the two has, or has in another shape, or what cannot be decoded.
  public let faults: [Fault]

  /// The difference over all tensors of a role, in the order in which roles first appear.
  public var byRole: [(role: String, tensors: Int, difference: DifferenceSums)] {
    var rows: [(role: String, tensors: Int, difference: DifferenceSums)] = []
    var places: [String: Int] = [:]
    for tensor in tensors {
      let place = places[tensor.role] ?? rows.count
      if place == rows.count {
        places[tensor.role] = place
        rows.append((tensor.role, 0, DifferenceSums()))
      }
      rows[place].tensors += 1
      rows[place].difference.add(tensor.difference)
    }
    return rows
  }

  /// The difference over the whole model.
  public var whole: DifferenceSums {
    tensors.reduce(into: DifferenceSums()) { $0.add($1.difference) }
  }

  /// Compares two models.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - other: What it is compared with: its weights are what errors are relative to.
  ///   - threads: How many runs of weights are compared at once.
  ///   - begin: Called before the first weight is read, with the number of all weights.
  ///   - progress: Called from any thread with the number of weights done since the call before.
  /// - Throws: `QuantError.file` for tensors that cannot be read.
  /// - Complexity: O(*n*) in weights; memory is bounded whatever the size of the models.
  public init(
    _ model: any ModelSource, against other: any ModelSource, threads: Int,
    begin: (Int) -> Void = { _ in },
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(QuantError) {
    let matching = TensorMatching(model, other)
    (path, otherPath) = (model.path, other.path)
    faults = matching.faults
    tensors = matching.pairs.map { pair in
      Tensor(
        name: pair.name, type: pair.first.tensor.type.name, otherType: pair.second.tensor.type.name,
        role: pair.role)
    }
    let runs = matching.runs
    begin(runs.clampedSum { $0.weights.count })
    let sums = try await Self.compare(
      runs, matching, model, other, threads: max(1, threads), progress)
    for (run, sum) in zip(runs, sums) { tensors[run.pair].difference.add(sum) }
  }

  private static func compare(
    _ runs: [TensorMatching.Run], _ matching: TensorMatching, _ model: any ModelSource,
    _ other: any ModelSource,
    threads: Int, _ progress: @escaping @Sendable (Int) -> Void
  ) async throws(QuantError) -> [DifferenceSums] {
    let outcomes = await withTaskGroup(of: [(Int, Result<DifferenceSums, QuantError>)].self) {
      group in
      for worker in 0..<threads {
        group.addTask {
          var buffers = ComparisonBuffers()
          return stride(from: worker, to: runs.count, by: threads).map { index in
            let run = runs[index]
            let outcome = buffers.compare(run, matching.pairs[run.pair], model, other)
            progress(run.weights.count)
            return (index, outcome)
          }
        }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    return try outcomes.sorted { $0.0 < $1.0 }.map { outcome throws(QuantError) in
      try outcome.1.get()
    }
  }
}

/// The floats of one thread.
private struct ComparisonBuffers {
  private var first: [Float] = []
  private var second: [Float] = []

  mutating func compare(
    _ run: TensorMatching.Run, _ pair: TensorMatching.Pair, _ model: any ModelSource,
    _ other: any ModelSource
  ) -> Result<DifferenceSums, QuantError> {
    do throws(QuantError) {
      try Self.read(pair.first, run.weights, of: model, into: &first)
      try Self.read(pair.second, run.weights, of: other, into: &second)
    } catch {
      return .failure(error)
    }
    var sums = DifferenceSums()
    sums.add(
      first.span.extracting(first: run.weights.count),
      second.span.extracting(first: run.weights.count))
    return .success(sums)
  }

  private static func read(
    _ side: TensorMatching.Side, _ weights: Range<Int>, of model: any ModelSource,
    into buffer: inout [Float]
  ) throws(QuantError) {
    if buffer.count < weights.count { buffer = Array(repeating: 0, count: weights.count) }
    var reader = try TensorReader(model: model, tensor: side.tensor)
    var span = buffer.mutableSpan
    var part = span.slice(0..<weights.count)
    try reader.readWeights(
      side.firstWeight + weights.lowerBound..<side.firstWeight + weights.upperBound, into: &part)
  }
}
