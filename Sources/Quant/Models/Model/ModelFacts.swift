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
  /// - Parameters:
  ///   - metadata: The metadata.
  ///   - path: The file that it was read from, for errors.
  /// - Throws: `QuantError.content` for numbers that no model has.
  public init(_ metadata: Metadata, path: String = "") throws(QuantError) {
    architecture = metadata.architecture ?? ""
    let reader = KeyReader(metadata, path: path)
    layerCount = try reader.first("block_count", default: 0, in: 1...65_535)
    expertCount = try reader.first("expert_count", default: 0, in: 0...65_535)
    headCount = try reader.first("attention.head_count", default: 0, in: 0...1_048_576)
    let keyValueHeads = try reader.first(
      "attention.head_count_kv", default: headCount, in: 0...1_048_576)
    groupedQueries = keyValueHeads > 0 ? headCount / keyValueHeads : 0
  }
}
