// SPDX-License-Identifier: MIT
import GGUF
public import QuantModels

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
  private let refiner: (any OutputRefiner)?

  /// Prepares to carry out a plan.
  public init(plan: ModelPlan, importance: ImportanceMatrix?, output: OutputNaming) {
    self.init(plan: plan, importance: importance, output: output, refiner: nil)
  }

  /// Prepares to carry out a plan whose output something refines before it is finished.
  package init(
    plan: ModelPlan, importance: ImportanceMatrix?, output: OutputNaming,
    refiner: (any OutputRefiner)?
  ) {
    self.plan = plan
    self.importance = importance
    self.output = output
    self.refiner = refiner
  }

  /// Whether an earlier run of the same plan left its output unfinished, to be gone on with.
  ///
  /// - Throws: `QuantError.setting` if the unfinished output is of another job, and as `run` for a journal
  ///   that cannot be had.
  public func continuesEarlierRun() throws(QuantError) -> Bool {
    guard Journal.exists(for: output.path) else { return false }
    _ = try Journal(
      output: output.path, fingerprint: try fingerprint(), slabCount: try SlabTable(plan).count)
    return true
  }

  /// All that the output's bytes depend on.
  private func fingerprint() throws(QuantError) -> UInt64 {
    let own = try plan.fingerprint(importance: importance)
    guard let refiner else { return own }
    var both = Fingerprint()
    both.add(Int(truncatingIfNeeded: own))
    try refiner.add(to: &both)
    return both.value
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
      output: output.path, fingerprint: try fingerprint(), slabCount: slabs.count)
    if keepsUnfinished { UnfinishedFiles.keep(.output(output.path)) }
    defer { if !keepsUnfinished { journal.remove() } }
    let files = try openFiles(resuming: journal.isResuming, isKept: keepsUnfinished)
    let unfinished = UnfinishedOutput(plan: plan, files: files, journal: journal)
    let job = PlanJob(
      unfinished, importance: importance, slabs: slabs, refiner: refiner, isStrict: isStrict,
      progress: progress)
    defer { refiner?.release() }
    do throws(QuantError) {
      try refiner?.resume(unfinished)
      try await job.run(threads: threads)
      if isStrict { try check(job.report()) }
      try await refine(unfinished, job, threads: threads)
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

  /// Has the output refined, and measures anew what became different.
  private func refine(
    _ output: UnfinishedOutput, _ job: PlanJob, threads: Int
  ) async throws(QuantError) {
    guard let refiner else { return }
    try refiner.refine(output)
    try await job.measureRefined(threads: threads)
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
