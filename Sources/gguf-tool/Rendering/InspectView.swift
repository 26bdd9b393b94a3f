// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What `inspect` shows of one file.
protocol InspectView: Encodable {
  /// The file.
  var path: String { get }
  /// Whether the report begins with the file's path.
  var namesFile: Bool { get }
  /// Adds everything that is to be shown.
  func add(to report: inout Report)
}

/// The parts of a model's report.
enum ModelSection: String, CaseIterable {
  case summary, types, experts, layers, files, metadata, tensors
}

/// A model.
struct ModelView: InspectView {
  let model: ModelInspection
  /// The tensors that are listed.
  let tensors: [TensorInfo]
  let sections: [ModelSection]
  let isFull: Bool

  var path: String { model.source.path }
  var namesFile: Bool { sections.first == .summary }

  func add(to report: inout Report) {
    for section in sections {
      switch section {
      case .summary: report.add(model.summary, of: model)
      case .types: report.add(model.types)
      case .experts: if let experts = model.experts { report.add(experts) }
      case .layers: report.add(model.layerGroups)
      case .files: report.add(model.files)
      case .metadata: report.add(model.source.metadata, isFull: isFull)
      case .tensors: report.add(tensors, fileCount: model.files.count)
      }
    }
    report.add(model.warnings)
  }

  func encode(to encoder: any Encoder) throws {
    try ModelJSON(model, tensors: tensors, isFull: isFull).encode(to: encoder)
  }
}

/// An importance matrix.
struct MatrixView: InspectView {
  let matrix: ImportanceSummary
  /// The file that holds it, where everything in it is asked for and it is a GGUF file.
  let file: ModelInspection?

  var path: String { matrix.path }
  var namesFile: Bool { true }

  func add(to report: inout Report) {
    report.add(matrix)
    guard let file else { return }
    report.add(file.source.metadata, isFull: true)
    report.add(file.source.tensors, fileCount: file.files.count)
  }

  func encode(to encoder: any Encoder) throws {
    guard let file else {
      return try ImportanceJSON(importanceMatrix: matrix).encode(to: encoder)
    }
    try ModelJSON(file, tensors: file.source.tensors, isFull: true, matrix: matrix)
      .encode(to: encoder)
  }
}

/// Some keys, with all of their values.
struct KeysView: InspectView {
  let path: String
  let metadata: Metadata
  let keys: Set<String>

  var namesFile: Bool { false }

  func add(to report: inout Report) { report.add(metadata, keys: keys, isFull: true) }

  func encode(to encoder: any Encoder) throws {
    try KeysJSON(path: path, metadata: MetadataSummary(metadata, keys: keys, isFull: true))
      .encode(to: encoder)
  }
}

/// A tensor, its weights looked at.
struct TensorView: InspectView {
  let path: String
  let tensor: TensorInfo
  let statistics: TensorStatistics

  var namesFile: Bool { false }

  func add(to report: inout Report) { report.add(tensor, statistics: statistics) }

  func encode(to encoder: any Encoder) throws {
    try TensorJSON(path: path, tensor: TensorSummary(tensor), statistics: statistics)
      .encode(to: encoder)
  }
}
