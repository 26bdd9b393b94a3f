// SPDX-License-Identifier: MIT
internal import GGUF

extension InspectionWarning {
  /// Looks for everything that there is to warn of.
  static func all(
    in file: GGUFFile, shards: [ShardSummary], experts: ExpertSummary?
  ) -> [InspectionWarning] {
    truncation(shards) + trailing(shards) + types(file.tensors)
      + ModelValidation(file, experts: experts).findings()
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
        kind: .truncated, severity: .error,
        message: "\(which) before the data does (\(first.path): \(first.fileBytes) of "
          + "\(first.expectedBytes) bytes): \(percent) % present, \(tensors) of \(all) tensors complete"
      )
    ]
  }

  private static func trailing(_ shards: [ShardSummary]) -> [InspectionWarning] {
    shards.filter { $0.trailingBytes > 0 }.map { shard in
      InspectionWarning(
        kind: .trailingBytes,
        message:
          "\(shard.path): \(shard.trailingBytes) bytes after the last tensor are unused")
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
          + type.inWords + size)
    }
  }
}
