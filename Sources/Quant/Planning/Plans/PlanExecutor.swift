// SPDX-License-Identifier: MIT
import GGUF
public import QuantModels
import Synchronization

/// How far a job is.
public struct PlanProgress: Sendable {
  /// Bytes of tensors that are in the output now.
  public let doneBytes: Int
  /// Those of them that an earlier run had written.
  public let resumedBytes: Int
  /// The tensor worked on last.
  public let tensor: String
}

/// What a job did.
public struct PlanReport: Sendable {
  /// The error of each tensor of the plan that was encoded; zeros for those copied.
  public let errors: [SquaredError]
  /// The weights of each tensor of the plan that its type cannot hold, which became smaller.
  public let losses: [WeightLoss]
  /// Tensors of the plan of which encoding left zeros alone: their weights are too small for what scales
  /// of their type can be.
  ///
  /// Beside weights that the type cannot hold all others are lost in rounding: those tell nothing.
  public var emptiedTensors: [Int] {
    errors.indices.filter {
      errors[$0].reference > 0 && errors[$0].error == errors[$0].reference && losses[$0].count == 0
    }
  }
  /// Slabs that an earlier run had written.
  public let resumedSlabs: Int
  /// Slabs of the whole job.
  public let slabCount: Int
}

/// Carries out a plan: slabs of rows through read, decode, encode and write, on any number of
/// threads, in memory bounded by the slab and not by the tensor.
///
/// The output's bytes do not depend on the number of threads, nor on how often the job was cut off.
public struct PlanExecutor: Sendable {
  private let plan: ModelPlan
  private let importance: ImportanceMatrix?
  private let output: OutputNaming

  /// Prepares to carry out a plan.
  public init(plan: ModelPlan, importance: ImportanceMatrix?, output: OutputNaming) {
    self.plan = plan
    self.importance = importance
    self.output = output
  }

  /// Whether an earlier run of the same plan left its output unfinished, to be gone on with.
  ///
  /// - Throws: `QuantError.setting` if the unfinished output is of another job, and as `run` for a journal
  ///   that cannot be had.
  public func continuesEarlierRun() throws(QuantError) -> Bool {
    guard Journal.exists(for: output.path) else { return false }
    _ = try Journal(
      output: output.path, fingerprint: try plan.fingerprint(importance: importance),
      slabCount: try SlabTable(plan).count)
    return true
  }

  /// Runs the plan to its end, or goes on where an earlier run of the same plan was cut off.
  ///
  /// - Parameters:
  ///   - threads: How many slabs are worked on at once.
  ///   - restarting: Whether the unfinished output of an earlier run is discarded.
  ///   - keepsUnfinished: Whether a run that ends early leaves its work for the next; one that ends
  ///     because of what is in the source never does, as the next would end there, too.
  ///   - isStrict: Whether weights that their new type cannot hold are an error, not a loss in the report.
  ///   - progress: Called from any thread after each slab.
  /// - Returns: What was done, with the error of each tensor.
  /// - Throws: `QuantError`, `.cancelled` if the task was cancelled, which is asked before each slab. The
  ///   output files do not have their names then; what is written stays beside its journal, for the next
  ///   run.
  public func run(
    threads: Int, restarting: Bool = false, keepsUnfinished: Bool = true,
    isStrict: Bool = false, progress: @escaping @Sendable (PlanProgress) -> Void
  ) async throws(QuantError) -> PlanReport {
    let slabs = try SlabTable(plan)
    try plan.checkPaths(output, importance: importance)
    // A journal that is not for the next run goes whenever the program is told to stop, from its
    // first moment on.
    let passing = keepsUnfinished ? nil : Journal.path(of: output.path)
    if let passing { UnfinishedFiles.add(temporary: passing) }
    defer { if let passing { UnfinishedFiles.remove(temporary: passing) } }
    if restarting { try Journal.discard(output, files: plan.files.map(\.path)) }
    try checkDiskSpace()
    let journal = try Journal(
      output: output.path, fingerprint: try plan.fingerprint(importance: importance),
      slabCount: slabs.count)
    if keepsUnfinished { UnfinishedFiles.keep(.output(output.path)) }
    defer { if !keepsUnfinished { journal.remove() } }
    let files = try openFiles(resuming: journal.isResuming, isKept: keepsUnfinished)
    let job = PlanJob(
      plan: plan, importance: importance, slabs: slabs, journal: journal, files: files,
      isStrict: isStrict, progress: progress)
    do throws(QuantError) {
      try await job.run(threads: threads)
      if isStrict { try check(job.report()) }
    } catch {
      if case .tensor = error { discard(journal) }
      throw error
    }
    try importance?.checkUnchanged()
    try QuantError.wrapping { () throws(FileError) in
      try plan.source.checkUnchanged()
      for file in files { try file.finish() }
    }
    journal.remove()
    return job.report()
  }

  /// Refuses a report with a tensor that was lost.
  private func check(_ report: PlanReport) throws(QuantError) {
    guard let index = report.emptiedTensors.first else { return }
    let tensor = plan.tensors[index].description
    throw .tensor(
      name: tensor.name, place: "", expected: "weights that \(tensor.type) can hold",
      found: "weights so small that nothing is left of them")
  }

  /// Removes what this run has written.
  private func discard(_ journal: Journal) {
    for file in plan.files { Disk.remove(OutputFile.temporaryPath(of: file.path)) }
    journal.remove()
    UnfinishedFiles.release(.output(output.path))
  }

  /// Bytes that the output will take beyond what an earlier run has written already.
  ///
  /// Throws `QuantError` if the disk does not have them.
  private func checkDiskSpace() throws(QuantError) {
    // A run that was cut off while it named its files left some under their own names already.
    let isResuming = Journal.exists(for: output.path)
    let present = plan.files.reduce(0) { sum, file in
      let temporary = OutputFile.temporaryPath(of: file.path)
      let isNamed = isResuming && !Disk.exists(temporary)
      return sum + Disk.allocatedBytes(of: isNamed ? file.path : temporary)
    }
    try QuantError.wrapping { () throws(FileError) in
      try Disk.require(max(0, plan.byteCount - present), for: output.path)
    }
  }

  private func openFiles(resuming: Bool, isKept: Bool) throws(QuantError) -> [GGUFWriter] {
    var files: [GGUFWriter] = []
    for file in plan.files {
      files.append(
        try QuantError.wrapping { () throws(FileError) in
          if resuming { try OutputFile.reopenFinished(file.path, byteCount: file.layout.byteCount) }
          return try GGUFWriter(
            path: file.path, layout: file.layout, resuming: resuming, isKept: isKept)
        })
    }
    return files
  }
}

/// One run of a plan, shared by its threads.
private final class PlanJob: Sendable {
  private let plan: ModelPlan
  private let importance: ImportanceMatrix?
  private let slabs: SlabTable
  private let journal: Journal
  private let files: [GGUFWriter]
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
    plan: ModelPlan, importance: ImportanceMatrix?, slabs: SlabTable, journal: Journal,
    files: [GGUFWriter], isStrict: Bool, progress: @escaping @Sendable (PlanProgress) -> Void
  ) {
    self.plan = plan
    self.importance = importance
    self.slabs = slabs
    self.journal = journal
    self.files = files
    self.isStrict = isStrict
    self.progress = progress
    ranges = WeightRanges(plan)
    state = Locked(
      State(
        errors: Array(repeating: SquaredError(), count: slabs.count),
        losses: Array(repeating: WeightLoss(), count: plan.tensors.count)))
  }

  func run(threads: Int) async throws(QuantError) {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<max(1, threads) {
        group.addTask { self.work() }
      }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// Takes slabs until there are none, or until some thread has failed.
  private func work() {
    var worker = SlabWorker(
      plan: plan, importance: importance, ranges: ranges, isStrict: isStrict)
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < slabs.count, state.withLock({ $0.failure == nil }) else { return }
      do throws(QuantError) {
        try QuantError.checkCancellation()
        try complete(slabs[index], &worker)
      } catch {
        return state.withLock { $0.failure = $0.failure ?? error }
      }
    }
  }

  private func complete(_ slab: Slab, _ worker: inout SlabWorker) throws(QuantError) {
    if let record = try journal.earlier(slab.index), try isIntact(slab, record),
      record.loss.count == 0 || !isStrict
    {
      return note(slab, record, resumed: true)
    }
    let error = try worker.make(slab)
    let (file, tensor, offset) = place(of: slab)
    try QuantError.wrapping { () throws(FileError) in
      try file.write(worker.bytes, to: tensor, at: offset)
    }
    let fingerprint = unsafe Fingerprint.of(worker.bytes.span.bytes)
    let record = Journal.Record(
      slab: slab.index, fingerprint: fingerprint, error: error, loss: worker.loss)
    try journal.append(record)
    note(slab, record, resumed: false)
  }

  private func bytesPerBlock(_ slab: Slab) -> Int {
    plan.tensors[slab.tensor].description.type.layout?.bytesPerBlock ?? 0
  }

  /// Where a slab goes: the file, the tensor's place in its table, and the offset in the tensor.
  private func place(of slab: Slab) -> (GGUFWriter, Int, Int) {
    let file = plan.tensors[slab.tensor].file
    return (
      files[file], slab.tensor - plan.files[file].tensors.lowerBound,
      slab.blocks.lowerBound * bytesPerBlock(slab)
    )
  }

  /// Whether the bytes that an earlier run noted are in the file.
  private func isIntact(_ slab: Slab, _ record: Journal.Record) throws(QuantError) -> Bool {
    let (file, tensor, offset) = place(of: slab)
    var bytes = [UInt8](repeating: 0, count: slab.blocks.count * bytesPerBlock(slab))
    try QuantError.wrapping { () throws(FileError) in
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try file.read(tensor, at: offset, into: &raw)
    }
    return unsafe Fingerprint.of(bytes.span.bytes) == record.fingerprint
  }

  private func note(_ slab: Slab, _ record: Journal.Record, resumed: Bool) {
    let tensor = plan.tensors[slab.tensor]
    let bytes = slab.blocks.count * bytesPerBlock(slab)
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
