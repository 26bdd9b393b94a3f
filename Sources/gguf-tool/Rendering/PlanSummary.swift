// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What sizes an array of jobs: the plan's fingerprint, and what each of its files takes.
struct PlanSummary {
  /// `nil` where the source is not all there.
  let fingerprint: String?
  let costs: [ShardCost]

  /// Takes the fingerprint of a whole plan, and the costs of all its files or of one.
  init(
    of plan: ModelPlan, importance: ImportanceMatrix?, only shard: JobPart?
  ) throws(QuantError) {
    let isWhole = plan.source.files.allSatisfy { $0.byteCount == $0.wholeByteCount }
    fingerprint = isWhole ? try plan.portableFingerprint(importance: importance) : nil
    let part = shard.map { plan.part(file: $0.number - 1) } ?? plan
    costs = part.shardCosts(isWeighted: importance != nil)
  }

  /// Lines for people.
  var facts: [(String, String?)] {
    [
      ("plan", fingerprint),
      ("encoding", coreSeconds.map { "about \(Units.duration(seconds: $0)) on one core, here" }),
    ]
  }

  private var coreSeconds: Double? {
    let seconds = costs.compactMap(\.coreSeconds)
    let sum = seconds.reduce(0, +)
    return seconds.count == costs.count && sum > 0 ? sum : nil
  }

  /// Adds what each shard takes, where there are several.
  func addCosts(to report: inout Report) {
    guard costs.count > 1 else { return }
    var table = Table([
      .number("shard"), .number("size"), .number("reads"), .number("encodes"), .number("one core"),
    ])
    for (index, cost) in costs.enumerated() {
      table.add(
        "\(index + 1)/\(costs.count)", Units.shortBytes(cost.byteCount),
        Units.shortBytes(cost.sourceByteCount), Units.count(cost.encodedWeightCount),
        cost.coreSeconds.map { Units.duration(seconds: $0) } ?? "–")
    }
    report.section("Cost of each shard (--shard)")
    report.table(table)
  }
}

/// What one file takes, as JSON.
struct ShardCostJSON: Encodable {
  let path: String
  let sizeBytes: Int
  let tensors: Int
  let sourceBytes: Int
  let encodedWeights: Int
  let estimatedCoreSeconds: Double?

  init(_ cost: ShardCost) {
    path = cost.path
    sizeBytes = cost.byteCount
    tensors = cost.tensorCount
    sourceBytes = cost.sourceByteCount
    encodedWeights = cost.encodedWeightCount
    estimatedCoreSeconds = cost.coreSeconds
  }
}
