// SPDX-License-Identifier: MIT

/// Which layers a GPU takes, and how much of them: what llama.cpp's fitting varies.
struct LayerShare: Hashable {
  /// What of a layer stays outside.
  enum Overflow: Equatable {
    /// The routed experts.
    case experts
    /// Down projections.
    case down
    /// Gate and down projections.
    case gateAndDown
    /// The whole feed-forward network.
    case feedForward
  }

  /// Layers, the output counted as one.
  var layers = 0
  /// Layers among them, the last ones, whose experts stay outside.
  var partial = 0
  /// What stays outside of the first of these.
  var overflow = Overflow.experts
  /// Where that goes.
  var overflowDevice = MemoryDevice.host

  /// Layers that are whole.
  var whole: Int { layers - partial }
}

extension PlacementRule {
  /// The rule that gives every GPU its share, the first GPU the first layers.
  init(_ shares: [LayerShare], layerCount: Int) {
    self.init(gpuCount: shares.count, gpuLayers: shares.reduce(0) { $0 + $1.layers })
    if shares.count > 1 { split = shares.map { Double($0.layers) } }
    var layer = layerCount + 1 - (gpuLayers ?? 0)
    for share in shares {
      layer += share.whole
      for place in 0..<share.partial {
        overrides.append(Self.override(share, layer + place, isFirst: place == 0, layerCount))
      }
      layer += share.partial
    }
  }

  private static func override(
    _ share: LayerShare, _ layer: Int, isFirst: Bool, _ layerCount: Int
  ) -> Override {
    let device = isFirst ? share.overflowDevice : .host
    let pattern: TensorNamePattern =
      switch isFirst ? share.overflow : .experts {
      case .experts: .experts(of: layer..<layer + 1, in: layerCount)
      case .down: .feedForward(of: layer, [.down])
      case .gateAndDown: .feedForward(of: layer, [.gate, .down])
      case .feedForward: .feedForward(of: layer, [.gate, .up, .down])
      }
    return Override(pattern, device: device)
  }
}
