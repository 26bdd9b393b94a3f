// SPDX-License-Identifier: MIT

extension Hybrid: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      var sum = input
      if let attention = builder.shape.layers[layer].attention {
        let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
        sum = builder.elementwise(builder.plainAttention(layer, attention, normed), sum)
      }
      if let mixer = builder.model.mixer(layer) {
        let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
        sum = builder.elementwise(mixed(&builder, mixer, layer, normed), sum)
      }
      // A network in a layer of its own has the layer's norm.
      let name = sum == input ? "attn_norm" : builder.traits.feedForwardNorm
      if layer == builder.shape.trunkCount - 1 { sum = builder.outputRows(sum) }
      guard builder.model.hasNetwork(layer) else { return sum }
      let normed = builder.norm(sum, "blk.\(layer).\(name)", layer: layer)
      return builder.elementwise(builder.feedForward(layer, normed), sum)
    }
  }

  private static func mixed(
    _ builder: inout GraphBuilder, _ mixer: Mixer, _ layer: Int, _ input: Int
  ) -> Int {
    switch mixer {
    case .mamba2: return builder.mamba2(layer, input)
    case .shortConvolution: return builder.shortConvolution(layer, input)
    case .mamba:
      guard let space = builder.shape.stateSpace else { return input }
      return builder.mamba(layer, space, input)
    }
  }
}
