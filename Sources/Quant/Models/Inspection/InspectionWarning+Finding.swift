// SPDX-License-Identifier: MIT
internal import GGUF

extension InspectionWarning {
  /// Looks for everything that there is to warn of.
  static func all(
    in model: any ModelSource, files: [FileSummary], experts: ExpertSummary?
  ) -> [InspectionWarning] {
    shards(model) + truncation(files) + trailing(files) + types(model.tensors)
      // Parts of a model cannot be held against each other.
      + (model.missingShards == nil ? ModelValidation(model, experts: experts).findings() : [])
  }

  private static func shards(_ model: any ModelSource) -> [InspectionWarning] {
    guard let missing = model.missingShards else { return [] }
    return [
      InspectionWarning(
        kind: .missingShards, message: "\(model.path): \(missing.sentence)")
    ]
  }

  private static func truncation(_ files: [FileSummary]) -> [InspectionWarning] {
    let cut = files.filter(\.isTruncated)
    guard let first = cut.first else { return [] }
    let present = Double(files.clampedSum { min($0.fileBytes, $0.expectedBytes) })
    let percent = (present / Double(files.clampedSum(\.expectedBytes)) * 1000).rounded(.down) / 10
    let tensors = files.clampedSum(\.completeTensorCount)
    let all = files.clampedSum(\.tensorCount)
    let which = files.count > 1 ? "\(cut.count) of \(files.count) files end" : "the file ends"
    return [
      InspectionWarning(
        kind: .truncated, severity: .error,
        message: "\(which) before the data does (\(first.path): \(first.fileBytes) of "
          + "\(first.expectedBytes) bytes): \(percent) % present, \(tensors) of \(all) tensors complete"
      )
    ]
  }

  private static func trailing(_ files: [FileSummary]) -> [InspectionWarning] {
    files.filter { $0.trailingBytes > 0 }.map { file in
      InspectionWarning(
        kind: .trailingBytes,
        message:
          "\(file.path): \(file.trailingBytes) bytes after the last tensor are unused")
    }
  }

  /// What the number of a type may stand for in files of other programs.
  private static func hint(_ type: TensorType) -> String {
    // Ollama numbered it so before GGML had the type, in its gpt-oss files of August 2025.
    type.rawValue == 4 ? "; Ollama's first gpt-oss files store MXFP4 under this number" : ""
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
          + type.inWords + size + hint(type))
    }
  }
}
