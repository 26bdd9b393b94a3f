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
  /// Throws `QuantError.unsupported` for numbers that no model has.
  public init(_ metadata: Metadata) throws(QuantError) {
    architecture = metadata.architecture ?? ""
    layerCount = try Self.number(metadata, "block_count", in: 1...65_535)
    expertCount = try Self.number(metadata, "expert_count", in: 0...65_535)
    headCount = try Self.number(metadata, "attention.head_count", in: 0...1_048_576)
    let keyValueHeads = try Self.number(
      metadata, "attention.head_count_kv", in: 0...1_048_576, default: headCount)
    groupedQueries = keyValueHeads > 0 ? headCount / keyValueHeads : 0
  }

  /// Whether the presets treat it as one of the 70 B models, whose value tensors are an eighth.
  package var is70B: Bool {
    ["llama", "qwen2", "qwen2vl", "deci"].contains(architecture)
      && layerCount == 80 && groupedQueries != 1
  }

  /// A key that is a number, or an array whose first element counts.
  private static func number(
    _ metadata: Metadata, _ key: String, in range: ClosedRange<Int>, default fallback: Int = 0
  ) throws(QuantError) -> Int {
    guard let value = metadata.model(key) else { return fallback }
    let found = value.integer ?? value.elements?.integers(1).first
    guard let found, range.contains(found) else {
      throw .unsupported(
        "\(metadata.architecture ?? "").\(key): expected a number from \(range.lowerBound) to "
          + "\(range.upperBound), found \(found.map(String.init) ?? "a value of type \(value.type)")"
      )
    }
    return found
  }
}
