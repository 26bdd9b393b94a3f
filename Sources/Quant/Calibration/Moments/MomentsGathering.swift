// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Gathers second moments of what goes into products, as many at a time as memory holds; of the others it
/// notes that they are still to come.
///
/// Matrices that take the same rows share moments. They are found by the first rows that come, and held to
/// it by all others: where these turn out to differ, the second matrix is still to come, on its own.
final class MomentsGathering: ForwardObserver {
  /// What is gathered of an input.
  struct Input {
    let moments: SecondMoments
    /// The matrices that it goes into, and a mark of all rows that went into each.
    var marks: [(matrix: MomentsMatrix, mark: UInt64)]
    /// A mark of the rows that came first.
    let first: UInt64
    /// Whether the tensor has more than one matrix: these share only with those of the same number.
    let isOneOfMany: Bool
  }

  fileprivate struct Progress {
    var inputs: [Input] = []
    var places: [MomentsMatrix: (input: Int, mark: Int)] = [:]
    var pending: Set<MomentsMatrix> = []
    /// Those whose rows only began like another's.
    var loners: Set<MomentsMatrix> = []
    var bytes = 0
    var isHeldOut = false
  }

  private let progress = Locked(Progress())
  private let tensors: Set<String>
  private let heldOutRows: Int
  private let memoryBytes: Int
  private let isPart: Bool

  /// Prepares to gather.
  ///
  /// - Parameters:
  ///   - tensors: The names of tensors whose matrices are wanted.
  ///   - heldOutRows: The most rows that are kept apart of an input.
  ///   - memoryBytes: Bytes that moments may take; there is always room for one input.
  ///   - isPart: Whether sums may come from other parts of the text: then rows are kept apart also for inputs
  ///     that have none here.
  init(_ tensors: Set<String>, heldOutRows: Int, memoryBytes: Int, isPart: Bool) {
    self.tensors = tensors
    self.heldOutRows = heldOutRows
    self.memoryBytes = memoryBytes
    self.isPart = isPart
  }

  /// Bytes that an input's moments take.
  static func bytes(columns: Int, heldOutRows: Int) -> Int {
    (columns + SecondMoments.pieceRows + heldOutRows) * columns * MemoryLayout<Float>.size
  }

  /// Begins with all, or in later rounds with those that are still to come.
  private let only = Locked<Set<MomentsMatrix>?>(nil)

  /// Says whether the rows to come are held out.
  func begin(isHeldOut: Bool) { progress.withLock { $0.isHeldOut = isHeldOut } }

  func observe(
    _ tensor: TensorInfo, matrix: Int, input: Matrix, windows: [Range<Int>], workers: Workers
  ) throws(QuantError) {
    let key = MomentsMatrix(tensor: tensor.name, matrix: matrix)
    guard tensors.contains(tensor.name), only.withLock({ $0?.contains(key) ?? true }) else {
      return
    }
    let runs = windows.joined
    let mark = try Self.mark(of: input, runs, workers)
    guard let moments = take(key, isOneOfMany: tensor.matrixCount > 1, mark, input.columns)
    else { return }
    let isHeldOut = progress.withLock { $0.isHeldOut }
    for run in runs {
      if isHeldOut {
        moments.keepApart(input.rows(run))
      } else {
        try moments.add(input.rows(run), workers)
      }
    }
  }

  func observe(_ routing: Routing, layer: Int) {}

  /// The moments that rows are to be added to: `nil` if another matrix has them, or there is no room.
  private func take(
    _ key: MomentsMatrix, isOneOfMany: Bool, _ mark: UInt64, _ columns: Int
  ) -> SecondMoments? {
    progress.withLock { progress -> SecondMoments? in
      if let place = progress.places[key] {
        progress.inputs[place.input].marks[place.mark].mark.mix(mark)
        return place.mark == 0 ? progress.inputs[place.input].moments : nil
      }
      // An expert without tokens but in windows held out has no moments.
      guard isPart || !progress.isHeldOut, !progress.pending.contains(key) else { return nil }
      if let index = progress.owner(of: key, isOneOfMany: isOneOfMany, mark, columns) {
        progress.places[key] = (index, progress.inputs[index].marks.count)
        progress.inputs[index].marks.append((key, mark))
        return nil
      }
      let bytes = Self.bytes(columns: columns, heldOutRows: heldOutRows)
      guard progress.inputs.isEmpty || progress.bytes + bytes <= memoryBytes else {
        progress.pending.insert(key)
        return nil
      }
      progress.bytes += bytes
      progress.places[key] = (progress.inputs.count, 0)
      let moments = SecondMoments(
        columns: columns, hasShifts: false, heldOutLimit: heldOutRows, name: key.inWords)
      progress.inputs.append(
        Input(moments: moments, marks: [(key, mark)], first: mark, isOneOfMany: isOneOfMany))
      return moments
    }
  }

  /// Ends a round: what was gathered, finished. The next one gathers what is still to come.
  ///
  /// - Parameter workers: Threads to work with.
  /// - Returns: The inputs, and whether others are still to come.
  /// - Throws: `QuantError.content` if a sum is not finite.
  func finishRound(
    _ workers: Workers
  ) throws(QuantError) -> (
    inputs: [(moments: SecondMoments, matrices: [MomentsMatrix])], isLast: Bool
  ) {
    let (inputs, pending) = progress.withLock { progress in
      let inputs = progress.inputs
      for input in inputs {
        for other in input.marks where other.mark != input.marks[0].mark {
          progress.pending.insert(other.matrix)
          progress.loners.insert(other.matrix)
        }
      }
      let pending = progress.pending
      progress = Progress(loners: progress.loners)
      return (inputs, pending)
    }
    only.withLock { $0 = pending }
    for input in inputs { try input.moments.finish(workers) }
    return (
      inputs.map { input in
        (
          input.moments,
          input.marks.filter { $0.mark == input.marks[0].mark }.map(\.matrix).sorted()
        )
      }, pending.isEmpty
    )
  }

  /// A mark of rows, whoever works on them.
  private static func mark(
    of input: Matrix, _ runs: [Range<Int>], _ workers: Workers
  ) throws(QuantError) -> UInt64 {
    let marks = Locked([UInt64](repeating: 0, count: input.rows))
    try workers.forRanges(input.rows, atLeast: 64) { (rows, _) throws(QuantError) in
      let own = rows.map { row in input.withRow(row) { unsafe Fingerprint.of($0.bytes) } }
      marks.withLock { $0.replaceSubrange(rows, with: own) }
    }
    return marks.withLock { marks in
      var mark: UInt64 = 0
      for run in runs {
        for row in run { mark.mix(marks[row]) }
      }
      return mark
    }
  }
}

extension MomentsGathering.Progress {
  /// The input whose first rows were the same.
  fileprivate func owner(
    of key: MomentsMatrix, isOneOfMany: Bool, _ mark: UInt64, _ columns: Int
  ) -> Int? {
    guard !loners.contains(key) else { return nil }
    return inputs.firstIndex {
      $0.first == mark && $0.moments.columns == columns && $0.isOneOfMany == isOneOfMany
        && (!isOneOfMany || $0.marks[0].matrix.matrix == key.matrix)
    }
  }
}

extension UInt64 {
  /// Adds a mark to a mark of several.
  fileprivate mutating func mix(_ other: UInt64) {
    var fingerprint = Fingerprint()
    fingerprint.add(Int(bitPattern: UInt(self)))
    fingerprint.add(Int(bitPattern: UInt(other)))
    self = fingerprint.value
  }
}

extension [Range<Int>] {
  /// The same rows in as few ranges as can be.
  fileprivate var joined: [Range<Int>] {
    reduce(into: []) { runs, range in
      if let last = runs.last, last.upperBound == range.lowerBound {
        runs[runs.count - 1] = last.lowerBound..<range.upperBound
      } else {
        runs.append(range)
      }
    }
  }
}
