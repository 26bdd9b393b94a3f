// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels
import Synchronization

/// One run of a plan, shared by its threads.
final class PlanJob: Sendable {
  private let output: UnfinishedOutput
  private let plan: ModelPlan
  private let importance: ImportanceMatrix?
  private let slabs: SlabTable
  private let refiner: (any OutputRefiner)?
  private let isStrict: Bool
  private let ranges: WeightRanges
  private let progress: @Sendable (PlanProgress) -> Void
  private let next = Atomic(0)
  private let state: Locked<State>

  private struct State {
    /// Per slab, so that their sum does not depend on the order in which threads finish.
    var errors: [SquaredError]
    /// Per tensor: sums of whole numbers do not depend on it.
    var losses: [WeightLoss]
    var doneBytes = 0
    var resumedBytes = 0
    var resumedSlabs = 0
    var failure: QuantError?
  }

  init(
    _ output: UnfinishedOutput, importance: ImportanceMatrix?, slabs: SlabTable,
    refiner: (any OutputRefiner)?, isStrict: Bool,
    progress: @escaping @Sendable (PlanProgress) -> Void
  ) {
    self.output = output
    plan = output.plan
    self.importance = importance
    self.slabs = slabs
    self.refiner = refiner
    self.isStrict = isStrict
    self.progress = progress
    ranges = WeightRanges(plan)
    state = Locked(
      State(
        errors: Array(repeating: SquaredError(), count: slabs.count),
        losses: Array(repeating: WeightLoss(), count: plan.tensors.count)))
  }

  /// Writes all slabs.
  func run(threads: Int) async throws(QuantError) {
    try await share(Array(0..<slabs.count), measuring: false, threads: threads)
  }

  /// Measures the error of slabs of tensors that were refined, and looks through their bytes.
  func measureRefined(threads: Int) async throws(QuantError) {
    guard let refiner else { return }
    let isRefined = plan.tensors.indices.map { !refiner.changedBytes(ofTensor: $0).isEmpty }
    let refined = (0..<slabs.count).filter { isRefined[slabs[$0].tensor] }
    try await share(refined, measuring: true, threads: threads)
  }

  /// Writes or measures slabs on some threads, until there are none or some thread has failed.
  private func share(
    _ numbers: [Int], measuring: Bool, threads: Int
  ) async throws(QuantError) {
    next.store(0, ordering: .relaxed)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<max(1, threads) {
        group.addTask { self.take(numbers, measuring: measuring) }
      }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  private func take(_ numbers: [Int], measuring: Bool) {
    var worker = SlabWorker(
      plan: plan, importance: importance, ranges: ranges, isStrict: isStrict)
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < numbers.count, state.withLock({ $0.failure == nil }) else { return }
      do throws(QuantError) {
        try QuantError.checkCancellation()
        let slab = slabs[numbers[index]]
        if measuring { try measure(slab, &worker) } else { try complete(slab, &worker) }
      } catch {
        return state.withLock { $0.failure = $0.failure ?? error }
      }
    }
  }

  private func measure(_ slab: Slab, _ worker: inout SlabWorker) throws(QuantError) {
    let error = try worker.measure(slab, try writtenBytes(slab))
    state.withLock { $0.errors[slab.index] = error }
  }

  private func complete(_ slab: Slab, _ worker: inout SlabWorker) throws(QuantError) {
    let fresh = unrefinedBytes(slab)
    if let record = try output.journal.earlier(slab.index),
      try isIntact(slab, record, fresh), record.loss.count == 0 || !isStrict
    {
      return note(slab, record, resumed: true)
    }
    let error = try worker.make(slab)
    let start = byteRange(slab).lowerBound
    for part in fresh {
      let own = part.lowerBound - start..<part.upperBound - start
      unsafe try output.write(
        worker.bytes.span.bytes.extracting(own), toTensor: slab.tensor, at: part.lowerBound)
    }
    let fingerprint = unsafe Fingerprint.of(worker.bytes.span.bytes)
    let record = Journal.Record(
      slab: slab.index, fingerprint: fingerprint, error: error, loss: worker.loss)
    try output.journal.append(record)
    note(slab, record, resumed: false)
  }

  /// Where a slab's bytes are in its tensor.
  private func byteRange(_ slab: Slab) -> Range<Int> {
    let size = plan.tensors[slab.tensor].description.type.layout?.bytesPerBlock ?? 0
    return slab.blocks.lowerBound * size..<slab.blocks.upperBound * size
  }

  /// The parts of a slab that no earlier run refined; the others are as that left them.
  private func unrefinedBytes(_ slab: Slab) -> [Range<Int>] {
    let all = byteRange(slab)
    var parts: [Range<Int>] = []
    var start = all.lowerBound
    for changed in refiner?.changedBytes(ofTensor: slab.tensor) ?? [] {
      let part = changed.clamped(to: all)
      guard !part.isEmpty else { continue }
      if start < part.lowerBound { parts.append(start..<part.lowerBound) }
      start = part.upperBound
    }
    return start < all.upperBound ? parts + [start..<all.upperBound] : parts
  }

  private func writtenBytes(_ slab: Slab) throws(QuantError) -> [UInt8] {
    try output.bytes(byteRange(slab), ofTensor: slab.tensor)
  }

  /// Whether the bytes that an earlier run noted are in the file, or all of them were refined since.
  private func isIntact(
    _ slab: Slab, _ record: Journal.Record, _ unrefined: [Range<Int>]
  ) throws(QuantError) -> Bool {
    guard !unrefined.isEmpty else { return true }
    let bytes = try writtenBytes(slab)
    return unsafe Fingerprint.of(bytes.span.bytes) == record.fingerprint
  }

  private func note(_ slab: Slab, _ record: Journal.Record, resumed: Bool) {
    let tensor = plan.tensors[slab.tensor]
    let bytes = byteRange(slab).count
    let update = state.withLock { state in
      state.errors[slab.index] = record.error
      state.losses[slab.tensor].add(record.loss)
      state.doneBytes += bytes
      if resumed {
        state.resumedBytes += bytes
        state.resumedSlabs += 1
      }
      return PlanProgress(
        doneBytes: state.doneBytes, resumedBytes: state.resumedBytes,
        tensor: tensor.description.name)
    }
    progress(update)
  }

  /// What was done so far.
  func report() -> PlanReport {
    state.withLock { state in
      var errors = Array(repeating: SquaredError(), count: plan.tensors.count)
      for (index, error) in state.errors.enumerated() {
        errors[slabs[index].tensor].add(error)
      }
      return PlanReport(
        errors: errors, losses: state.losses, resumedSlabs: state.resumedSlabs,
        slabCount: slabs.count)
    }
  }
}
