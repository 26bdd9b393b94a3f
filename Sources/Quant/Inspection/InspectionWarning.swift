// SPDX-License-Identifier: MIT
internal import GGUF

/// Something about a file that its user should know.
public struct InspectionWarning: Sendable, Encodable, Equatable {
  /// What kinds there are; for programs.
  public enum Kind: String, Sendable, Encodable {
    case truncated, trailingBytes = "trailing_bytes", unknownType = "unknown_type"
    case removedType = "removed_type", ikOnlyType = "ik_only_type"
    case splitExperts = "split_experts", expertCounts = "expert_counts"
    case layerCount = "layer_count", vocabulary
  }

  /// What kind it is.
  public let kind: Kind
  /// The whole of it in a sentence, without a full stop.
  public let message: String
}

extension InspectionWarning {
  /// Looks for everything that there is to warn of.
  static func all(
    in file: GGUFFile, shards: [ShardSummary], experts: ExpertSummary?
  ) -> [InspectionWarning] {
    truncation(shards) + trailing(shards) + types(file.tensors) + mixtures(experts)
      + layers(file) + vocabulary(file)
  }

  private static func truncation(_ shards: [ShardSummary]) -> [InspectionWarning] {
    let cut = shards.filter(\.isTruncated)
    guard let first = cut.first else { return [] }
    let present = Double(shards.clampedSum { min($0.fileBytes, $0.expectedBytes) })
    let percent = (present / Double(shards.clampedSum(\.expectedBytes)) * 1000).rounded(.down) / 10
    let tensors = shards.clampedSum(\.completeTensorCount)
    let all = shards.clampedSum(\.tensorCount)
    let which = shards.count > 1 ? "\(cut.count) of \(shards.count) files end" : "the file ends"
    return [
      InspectionWarning(
        kind: .truncated,
        message: "\(which) before the data does (\(first.path): \(first.fileBytes) of "
          + "\(first.expectedBytes) bytes): \(percent) % is there, \(tensors) of \(all) tensors whole"
      )
    ]
  }

  private static func trailing(_ shards: [ShardSummary]) -> [InspectionWarning] {
    shards.filter { $0.trailingBytes > 0 }.map { shard in
      InspectionWarning(
        kind: .trailingBytes,
        message:
          "\(shard.path): \(shard.trailingBytes) bytes after the last tensor belong to nothing")
    }
  }

  private static func types(_ tensors: [TensorInfo]) -> [InspectionWarning] {
    let strange = Dictionary(grouping: tensors.filter { $0.type.status != .current }, by: \.type)
    return strange.sorted { $0.key.rawValue < $1.key.rawValue }.map { type, tensors in
      let kind: Kind =
        switch type.status {
        case .ikOnly: .ikOnlyType
        case .removed: .removedType
        case .unknown, .current: .unknownType
        }
      let size = type.layout == nil ? "; its size is not known" : ""
      return InspectionWarning(
        kind: kind,
        message: "\(tensors.count) of the tensors (\(tensors[0].name), …) have "
          + GGUFFile.describe(type) + size)
    }
  }

  private static func mixtures(_ experts: ExpertSummary?) -> [InspectionWarning] {
    guard let experts else { return [] }
    var found: [InspectionWarning] = []
    if experts.layout != .merged {
      found.append(
        .init(
          kind: .splitExperts,
          message: "experts have tensors of their own (blk.N.ffn_up.E.weight): "
            + "llama.cpp no longer loads this layout, ik_llama.cpp takes the type of expert 0 for all"
        ))
    }
    for group in experts.layers where group.expertCount != experts.expertCount {
      found.append(
        .init(
          kind: .expertCounts,
          message: "layer \(group.layers[0]) has \(group.expertCount) experts, "
            + "the metadata says \(experts.expertCount)"))
      break
    }
    if experts.activePart == nil {
      let used = experts.usedCount.map(String.init) ?? "nothing"
      found.append(
        .init(
          kind: .expertCounts,
          message: "expert_used_count: expected 0 to \(experts.expertCount), found \(used)"))
    }
    return found
  }

  private static func layers(_ file: GGUFFile) -> [InspectionWarning] {
    guard let last = file.tensors.lazy.compactMap({ TensorName.layer(of: $0.name) }).max(),
      let promised = file.metadata.model("block_count")?.integer, last >= promised
    else { return [] }
    return [
      InspectionWarning(
        kind: .layerCount,
        message: "block_count is \(promised), but there are tensors of layer \(last)")
    ]
  }

  private static func vocabulary(_ file: GGUFFile) -> [InspectionWarning] {
    guard let tokens = file.metadata["tokenizer.ggml.tokens"]?.elements?.count,
      let embedding = try? file.tensor("token_embd.weight"), embedding.dimensions.count == 2,
      embedding.dimensions[1] < tokens
    else { return [] }
    return [
      InspectionWarning(
        kind: .vocabulary,
        message: "the vocabulary has \(tokens) tokens, "
          + "but token_embd.weight only \(embedding.dimensions[1]) rows")
    ]
  }
}
