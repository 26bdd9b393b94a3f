// SPDX-License-Identifier: MIT

/// Which part of a feed-forward network a tensor is, as far as patterns ask: read off its name once, as
/// every placement that is tried asks again.
struct FeedForwardPart: Sendable, Hashable {
  /// The projection that its name begins with; gate and up in one begin with the gate.
  enum Projection: String, CaseIterable {
    case up, gate, down
  }

  let projection: Projection
  /// Whether it belongs to routed experts.
  let isOfExperts: Bool

  /// `nil` for other tensors.
  init?(_ name: String) {
    let parts = name.utf8.split(separator: UInt8(ascii: "."))
    guard parts.count > 2, case let part = Substring(parts[2]), part.hasPrefix("ffn_") else {
      return nil
    }
    let rest = part.dropFirst("ffn_".count)
    guard let projection = Projection.allCases.first(where: { rest.hasPrefix($0.rawValue) })
    else { return nil }
    self.projection = projection
    isOfExperts = ["up", "down", "gate_up", "gate"].contains {
      rest.hasPrefix("\($0)_exps") || rest.hasPrefix("\($0)_chexps")
    }
  }
}
