// SPDX-License-Identifier: MIT

extension LFM2: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      var current =
        if let attention = builder.shape.layers[layer].attention {
          builder.plainAttention(layer, attention, normed)
        } else {
          builder.shortConvolution(layer, normed)
        }
      var residual = input
      if layer == builder.shape.trunkCount - 1 {
        current = builder.outputRows(current)
        residual = builder.outputRows(residual)
      }
      let sum = builder.elementwise(residual, current)
      current = builder.norm(sum, "blk.\(layer).ffn_norm", layer: layer)
      return builder.elementwise(sum, builder.feedForward(layer, current))
    }
  }
}
