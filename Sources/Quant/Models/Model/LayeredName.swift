// SPDX-License-Identifier: MIT

/// A tensor's name with layer and expert cut out of it.
public struct LayeredName: Sendable, Hashable {
  /// What stands before the layer's number: `blk`, `enc.blk`; empty outside the layers.
  public let stack: String
  /// The layer.
  public let layer: Int?
  /// The rest: `attn_q.weight`; the number of a single expert is shown as `*`.
  public let part: String

  /// Takes a name apart. Layers are what a part `blk` with a number after it says.
  public init(_ name: String) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let position = parts.firstIndex(of: "blk"), position + 2 < parts.count,
      let layer = TensorName.number(parts[position + 1])
    else {
      (stack, self.layer, part) = ("", nil, name)
      return
    }
    stack = parts[...position].joined(separator: ".")
    self.layer = layer
    let expert = ExpertTensorName(name)
    part =
      expert?.expert == nil
      ? parts[(position + 2)...].joined(separator: ".")
      : "\(parts[position + 2]).*.\(expert?.suffix ?? "")"
  }
}
