// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelValidation {
  /// Mixtures of experts: as many as the metadata says, some of them used, in groups of one size.
  func expertFindings() -> [InspectionWarning] {
    guard let experts else { return [] }
    return layoutFindings(experts) + countFindings(experts) + usedFindings(experts)
      + groupFindings(experts)
  }

  private func layoutFindings(_ experts: ExpertSummary) -> [InspectionWarning] {
    guard experts.layout != .merged else { return [] }
    return [
      InspectionWarning(
        kind: .splitExperts,
        message: "each expert has its own tensors (blk.N.ffn_up.E.weight): "
          + "llama.cpp no longer loads this layout, ik_llama.cpp uses the type of expert 0 for all"
      )
    ]
  }

  private func countFindings(_ experts: ExpertSummary) -> [InspectionWarning] {
    guard let group = experts.layers.first(where: { $0.expertCount != experts.expertCount }) else {
      return []
    }
    return [
      .error(
        .expertCounts, key: key("expert_count"),
        expected: "\(group.expertCount), as layer \(group.layers[0]) has experts",
        found: "\(experts.expertCount)")
    ]
  }

  private func usedFindings(_ experts: ExpertSummary) -> [InspectionWarning] {
    guard experts.activePart == nil || experts.usedCount == 0 else { return [] }
    let expected = "1 to \(max(1, experts.expertCount))"
    guard let used = source.metadata.model("expert_used_count") else {
      // An architecture that nobody here knows may say it under another key.
      return [
        InspectionWarning(
          kind: .expertCounts,
          message: "\(key("expert_used_count")): expected \(expected), found nothing")
      ]
    }
    return [
      .error(
        .expertCounts, key: key("expert_used_count"), expected: expected, found: Self.text(used))
    ]
  }

  private func groupFindings(_ experts: ExpertSummary) -> [InspectionWarning] {
    guard let value = source.metadata.model("expert_group_count") else { return [] }
    let groups = value.integer ?? -1
    guard groups >= 0, groups < 2 || experts.expertCount % groups == 0 else {
      return [
        .error(
          .expertCounts, key: key("expert_group_count"),
          expected: "groups that divide \(experts.expertCount) experts", found: Self.text(value))
      ]
    }
    guard groups > 1, let used = source.metadata.model("expert_group_used_count"),
      !(1...groups).contains(used.integer ?? 0)
    else { return [] }
    return [
      .error(
        .expertCounts, key: key("expert_group_used_count"), expected: "1 to \(groups)",
        found: Self.text(used))
    ]
  }
}
