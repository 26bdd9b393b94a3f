// SPDX-License-Identifier: MIT

extension GraniteHybrid: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      var current =
        if let attention = builder.shape.layers[layer].attention {
          builder.plainAttention(layer, attention, normed)
        } else {
          builder.mamba2(layer, normed)
        }
      var residual = input
      if layer == builder.shape.trunkCount - 1 {
        current = builder.outputRows(current)
        residual = builder.outputRows(residual)
      }
      let sum = builder.elementwise(builder.elementwise(current, current), residual)
      current = builder.norm(sum, "blk.\(layer).ffn_norm", layer: layer)
      current = builder.feedForward(layer, current)
      return builder.elementwise(builder.elementwise(current, current), sum)
    }
  }
}
