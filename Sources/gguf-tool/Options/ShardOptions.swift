// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Which file of an output in shards a machine writes.
struct ShardOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write only this shard of the output, such as 3/12. Other machines, with the same plan, write"
        + " the others.", valueName: "k/n"), transform: JobPart.argument)
  var shard: JobPart?

  @Option(
    help: ArgumentHelp(
      "Refuse to run unless the plan has this fingerprint, which --dry-run shows.",
      valueName: "digits"))
  var planFingerprint: String?

  /// Refuses a plan that is not the one that was asked for.
  ///
  /// - Parameters:
  ///   - plan: All of the plan, not yet narrowed.
  ///   - importance: The importance matrix that it will have.
  /// - Throws: `QuantError.unsupported` that says what was expected and what was found.
  func check(_ plan: ModelPlan, importance: ImportanceMatrix?) throws {
    if let shard, shard.count != plan.files.count {
      throw QuantError.unsupported(
        "--shard \(shard): expected one of this plan's \(plan.files.count) shards, found one of"
          + " \(shard.count)")
    }
    guard let planFingerprint else { return }
    let found = try plan.portableFingerprint(importance: importance)
    guard found == planFingerprint.lowercased() else {
      throw QuantError.unsupported(
        "--plan-fingerprint: expected the plan \(planFingerprint), found \(found): the source, the"
          + " recipe, the importance matrix, the effort, the way of splitting or the version of this"
          + " tool differs")
    }
  }

  /// The name that the executor goes by: the shard's own, or all of them.
  func naming(_ naming: OutputNaming, _ plan: ModelPlan) -> OutputNaming {
    shard == nil ? naming : .single(plan.files[0].path)
  }
}
