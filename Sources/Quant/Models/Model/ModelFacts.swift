// SPDX-License-Identifier: MIT
public import GGUF

/// The few numbers of a model that the choice of types depends on.
public struct ModelFacts: Sendable {
  /// `general.architecture`, or an empty string.
  public let architecture: String
  /// Layers (`block_count`); zero if the file does not say.
  public let layerCount: Int
  /// Experts in each mixture; zero for dense models.
  public let expertCount: Int
  /// Query heads for each key and value head, in the first layer; zero where not said.
  public let groupedQueries: Int
  private let headCount: Int

  /// Reads the numbers from a model's metadata.
  ///
  /// Throws `QuantError` for numbers that no model has.
  public init(_ metadata: Metadata) throws(QuantError) {
    architecture = metadata.architecture ?? ""
    let reader = KeyReader(metadata)
    layerCount = try reader.first("block_count", default: 0, in: 1...65_535)
    expertCount = try reader.first("expert_count", default: 0, in: 0...65_535)
    headCount = try reader.first("attention.head_count", default: 0, in: 0...1_048_576)
    let keyValueHeads = try reader.first(
      "attention.head_count_kv", default: headCount, in: 0...1_048_576)
    groupedQueries = keyValueHeads > 0 ? headCount / keyValueHeads : 0
  }

  /// Whether the presets treat it as one of the 70 B models, whose value tensors are an eighth.
  package var is70B: Bool {
    ["llama", "qwen2", "qwen2vl", "deci"].contains(architecture)
      && layerCount == 80 && groupedQueries != 1
  }
}
