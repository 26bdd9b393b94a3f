// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// The metadata of a quantized file: the source's, and what was done to it, under the names that
/// llama-quantize uses, with the recipe and the tool's version besides.
struct RequantizeMetadata {
  let recipe: Recipe
  let importance: ImportanceMatrix?
  let calibration: CalibrationOrigin?
  let pruning: LayerPruning
  /// What the file is said to be; `nil` for what no preset stands for, and for copies.
  let label: FileType?

  /// The version of GGML's block formats that all current types belong to.
  private static let quantizationVersion: UInt32 = 2

  /// - Parameters:
  ///   - source: The source's.
  ///   - tool: The program's name and version.
  /// - Returns: The output's metadata.
  func metadata(from source: Metadata, tool: String) -> Metadata {
    var result = source.withoutSplitKeys()
    if recipe.preset != nil {
      result["general.quantization_version"] = .uint32(Self.quantizationVersion)
      result["general.file_type"] = label.map { .uint32(UInt32($0.rawValue)) }
    }
    result = pruning.metadata(result)
    for (key, value) in recipe.overrides { result[key] = Self.fitted(value, to: result[key]) }
    if let importance { describe(importance, in: &result) }
    if let calibration { describe(calibration, in: &result) }
    result["quantize.recipe"] = .string(MetadataString(recipe.text))
    result["quantize.tool"] = .string(MetadataString(tool))
    return result.withHeaderRoom(recipe.headerRoom)
  }

  /// A whole number set for a key that holds a float becomes one: readers insist on the type.
  private static func fitted(_ value: MetadataValue, to old: MetadataValue?) -> MetadataValue {
    guard let number = value.integer else { return value }
    return switch old?.type {
    case .float32: .float32(Float(number))
    case .float64: .float64(Double(number))
    default: value
    }
  }

  private func describe(_ importance: ImportanceMatrix, in result: inout Metadata) {
    result["quantize.imatrix.file"] = .string(MetadataString(importance.path))
    if let dataset = importance.datasets.first {
      result["quantize.imatrix.dataset"] = .string(MetadataString(dataset))
    }
    result["quantize.imatrix.entries_count"] = .uint32(UInt32(importance.entries.count))
    if let chunks = importance.chunkCount {
      result["quantize.imatrix.chunks_count"] = .uint32(UInt32(clamping: chunks))
    }
  }

  /// Names in the manner of those of importance matrices: llama-quantize has none for this.
  private func describe(_ calibration: CalibrationOrigin, in result: inout Metadata) {
    result["quantize.calibration.method"] = .string(MetadataString(calibration.method.rawValue))
    if let file = calibration.file {
      result["quantize.calibration.file"] = .string(MetadataString(file))
    }
    if let dataset = calibration.datasets.first {
      result["quantize.calibration.dataset"] = .string(MetadataString(dataset))
    }
    result["quantize.calibration.chunks_count"] = .uint32(
      UInt32(clamping: calibration.windowCount))
    result["quantize.calibration.chunk_size"] = .uint32(UInt32(clamping: calibration.windowLength))
  }
}
