// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What `inspect --json` gives for a model: every section.
struct ModelJSON: Encodable {
  let summary: ModelSummary
  let contents: String?
  let types: [TypeHistogram.Share]
  let experts: ExpertSummary?
  let layerGroups: [LayerGroup]
  let tensors: [TensorSummary]
  let metadata: MetadataSummary
  let files: [FileSummary]
  let warnings: [InspectionWarning]
  /// For an importance matrix of which everything is asked for.
  let importanceMatrix: ImportanceSummary?

  init(
    _ model: ModelInspection, tensors: [TensorInfo], isFull: Bool, matrix: ImportanceSummary? = nil
  ) {
    summary = model.summary
    contents = model.contents
    types = model.types.shares
    experts = model.experts
    layerGroups = model.layerGroups
    self.tensors = tensors.map(TensorSummary.init)
    metadata = MetadataSummary(model.source.metadata, isFull: isFull)
    files = model.files
    warnings = model.warnings
    importanceMatrix = matrix
  }
}

/// What `inspect --json` gives for an importance matrix.
struct ImportanceJSON: Encodable {
  let importanceMatrix: ImportanceSummary
}

/// What `inspect --json --tensor` gives.
struct TensorJSON: Encodable {
  let path: String
  let tensor: TensorSummary
  let statistics: TensorStatistics
}

/// What `inspect --json --key` gives.
struct KeysJSON: Encodable {
  let path: String
  let metadata: MetadataSummary
}
