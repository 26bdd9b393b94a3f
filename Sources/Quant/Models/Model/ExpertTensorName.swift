// SPDX-License-Identifier: MIT

/// The name of a tensor that holds weights of routed experts, in either layout.
///
/// Merged: `blk.3.ffn_up_exps.weight`, all experts of a layer. Per expert, as the first Mixtral files
/// have it: `blk.3.ffn_up.7.weight`.
public struct ExpertTensorName: Sendable, Hashable {
  /// The layer.
  public let layer: Int
  /// The projection: `gate`, `up`, `down` or the fused `gate_up`.
  public let projection: String
  /// The expert; `nil` for a merged tensor.
  public let expert: Int?
  /// What follows the last point: `weight` or `bias`.
  public let suffix: String

  private static let projections: Set<Substring> = ["gate", "up", "down", "gate_up"]

  /// Takes a tensor's name apart; `nil` for a tensor that is not of routed experts.
  public init?(_ name: String) {
    guard name.hasPrefix("blk.") else { return nil }
    // Bytes are split much faster than characters, and models have thousands of tensors.
    let parts = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .map(Substring.init)
    guard parts.count == 4 || parts.count == 5,
      let layer = TensorName.number(parts[1]), parts[2].hasPrefix("ffn_")
    else { return nil }
    var projection = parts[2].dropFirst("ffn_".count)
    var expert: Int?
    if parts.count == 5 {
      guard let number = TensorName.number(parts[3]) else { return nil }
      expert = number
    } else {
      guard projection.hasSuffix("_exps") else { return nil }
      projection.removeLast("_exps".count)
    }
    guard Self.projections.contains(projection), let suffix = parts.last else { return nil }
    self.init(
      layer: layer, projection: String(projection), expert: expert, suffix: String(suffix))
  }

  /// The same place in another projection.
  package func with(projection: String) -> ExpertTensorName {
    ExpertTensorName(layer: layer, projection: projection, expert: expert, suffix: suffix)
  }

  private init(layer: Int, projection: String, expert: Int?, suffix: String) {
    self.layer = layer
    self.projection = projection
    self.expert = expert
    self.suffix = suffix
  }

  /// The name of the tensor that holds all experts of this layer and projection.
  public var merged: String { "blk.\(layer).ffn_\(projection)_exps.\(suffix)" }

  /// Dimensions of the merged tensor, the last of them experts: 3 for weights, 2 for biases, 1 for
  /// factors; `nil` for what nobody knows how to cut into experts.
  package var mergedRank: Int? {
    switch suffix {
    case "weight": 3
    case "bias": 2
    case "scale", "input_scale": 1
    default: nil
    }
  }

  /// The names of all single experts of this layer and projection, for messages.
  package var pattern: String { "blk.\(layer).ffn_\(projection).*.\(suffix)" }

  /// The name of the tensor that holds one expert of this layer and projection.
  public func single(_ expert: Int) -> String {
    "blk.\(layer).ffn_\(projection).\(expert).\(suffix)"
  }
}
