// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// The mixtures of experts of a model, as its tensors and keys have them.
struct Mixtures: Sendable {
  /// The layers with experts, ascending.
  let layers: [Int]
  /// Experts in each of them.
  let expertCount: Int
  /// Experts that a token goes to, the most of any layer; 0 where the file does not say.
  let usedCount: Int
  /// Groups that experts are chosen in; 1 without groups.
  let groupCount: Int
  /// Groups that experts are chosen from.
  let usedGroupCount: Int
  private let path: String

  /// Looks through a model.
  ///
  /// Throws `QuantError.content` for a model without experts, layers with different numbers of them, and
  /// keys that tell of others; `.tensor` for tensors that are not one matrix an expert.
  init(_ source: any ModelSource) throws(QuantError) {
    path = source.path
    let counts = try Self.counts(source)
    guard let first = counts.min(by: { $0.key < $1.key }) else {
      throw .content(file: source.path, line: 0, what: "the model has no experts")
    }
    if let other = counts.filter({ $0.value != first.value }).min(by: { $0.key < $1.key }) {
      throw .content(
        file: source.path, line: 0,
        what: "layer \(other.key): expected \(first.value) experts as layer \(first.key) "
          + "has, found \(other.value)")
    }
    layers = counts.keys.sorted()
    expertCount = first.value
    let promised = source.metadata.model("expert_count")?.integer
    guard promised == first.value else {
      throw .content(
        file: source.path, line: 0,
        what: "expert_count: expected \(first.value) as the tensors have, found "
          + "\(promised.map(String.init) ?? "none")")
    }
    let used = source.metadata.model("expert_used_count")
    usedCount = used?.integer ?? used?.elements?.integers().max() ?? 0
    let groups = source.metadata.model("expert_group_count")?.integer ?? 0
    groupCount = max(1, groups)
    let usedGroups = source.metadata.model("expert_group_used_count")?.integer ?? groupCount
    usedGroupCount = min(max(0, usedGroups), groupCount)
  }

  /// Experts of each layer, by the tensors of their weights.
  private static func counts(_ source: any ModelSource) throws(QuantError) -> [Int: Int] {
    var counts: [Int: Int] = [:]
    for tensor in source.tensors {
      guard let name = ExpertTensorName(tensor.name), name.suffix == "weight" else { continue }
      let shape = try ExpertLayout.fullShape(tensor.description, rank: name.expert == nil ? 3 : 2)
      let count = name.expert.map { $0 + 1 } ?? shape[2]
      guard (1...ExpertLayout.mostExperts).contains(count) else {
        throw .shape(
          tensor: tensor.name, expected: "1 to \(ExpertLayout.mostExperts) experts",
          found: "\(count)")
      }
      counts[name.layer] = max(count, counts[name.layer] ?? 0)
    }
    return counts
  }

  /// Refuses experts to keep that would not make a model.
  ///
  /// Throws `QuantError.setting`, and `.content` if the model's own groups do not divide its experts.
  func check(_ kept: [Int: [Int]]) throws(QuantError) {
    let first = kept[layers[0]]?.count ?? 0
    for layer in layers {
      let count = kept[layer]?.count ?? 0
      guard count == first else {
        throw .setting(
          .keptExperts,
          what:
            "layer \(layer): expected to keep \(first) experts as layer \(layers[0]) does, found "
            + "\(count): all layers must have equally many")
      }
    }
    guard first >= max(1, usedCount) else {
      throw .setting(
        .keptExperts,
        what: "expected to keep at least the \(max(1, usedCount)) experts that a token goes to "
          + "(expert_used_count), found \(first)")
    }
    if groupCount > 1 { try checkGroups(kept, first) }
  }

  /// Experts are grouped by their number, so that every group must keep its share.
  private func checkGroups(_ kept: [Int: [Int]], _ count: Int) throws(QuantError) {
    guard expertCount % groupCount == 0 else {
      throw .content(
        file: path, line: 0,
        what: "expert_group_count: expected a divisor of \(expertCount), found \(groupCount)")
    }
    guard count >= 2 * groupCount else {
      // A group's rank is the sum of its two best experts; llama.cpp stops at groups of one.
      throw .setting(
        .keptExperts,
        what:
          "expected to keep at least 2 experts in each of the \(groupCount) groups that they are chosen "
          + "in (expert_group_count), found \(count) in all")
    }
    let size = expertCount / groupCount
    for layer in layers {
      for group in 0..<groupCount {
        let own = kept[layer, default: []].count { $0 / size == group }
        guard own * groupCount == count else {
          throw .setting(
            .keptExperts,
            what:
              "layer \(layer), experts \(group * size) to \(group * size + size - 1): expected to keep "
              + "equally many of each of the \(groupCount) groups that experts are chosen in "
              + "(expert_group_count), found \(own) of \(count)")
        }
      }
    }
    guard usedGroupCount * (count / groupCount) >= usedCount else {
      throw .setting(
        .keptExperts,
        what:
          "expected \(usedCount) experts (expert_used_count) in the \(usedGroupCount) groups that they "
          + "are chosen from, found \(usedGroupCount * (count / groupCount))")
    }
  }
}
