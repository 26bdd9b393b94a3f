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

  init(_ model: ModelInspection, tensors: [TensorInfo], isFull: Bool) {
    summary = model.summary
    contents = model.contents
    types = model.types.shares
    experts = model.experts
    layerGroups = model.layerGroups
    self.tensors = tensors.map(TensorSummary.init)
    metadata = MetadataSummary(model.source.metadata, isFull: isFull)
    files = model.files
    warnings = model.warnings
  }
}

/// What `inspect --json` gives for an importance matrix.
struct ImportanceJSON: Encodable {
  let importanceMatrix: ImportanceSummary
}

/// What `inspect --json --tensor` gives.
struct TensorJSON: Encodable {
  let tensor: TensorSummary
  let statistics: TensorStatistics

  init(_ tensor: TensorInfo, _ statistics: TensorStatistics) {
    self.tensor = TensorSummary(tensor)
    self.statistics = statistics
  }
}
