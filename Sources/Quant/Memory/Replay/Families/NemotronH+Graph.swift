// SPDX-License-Identifier: MIT

extension NemotronH: ReplayedFamily {
  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      let memory = builder.shape.layers[layer]
      let current =
        if memory.recurrence != nil {
          builder.mamba2(layer, normed)
        } else if let attention = memory.attention {
          builder.plainAttention(layer, attention, normed)
        } else {
          feedForward(&builder, layer, normed)
        }
      return builder.elementwise(current, input)
    }
  }

  /// Experts may work on a narrower copy of the input (Nemotron 3 Super and Ultra).
  private static func feedForward(_ builder: inout GraphBuilder, _ layer: Int, _ input: Int) -> Int
  {
    let names = "blk.\(layer).ffn_"
    guard builder.model.contains(names + "latent_down.weight") else {
      return builder.feedForward(layer, input)
    }
    let rows = builder.graph.shape(input).b
    let (chosen, weights) = builder.routed(layer, input, rows)
    let narrow = builder.linear(
      names + "latent_down", input, rows: rows, builder.width(names + "latent_down.weight"))
    let routed = builder.mixed(layer, narrow, chosen, weights)
    let wide = builder.linear(names + "latent_up", routed, rows: rows, builder.shape.width)
    return builder.withShared(layer, input, wide)
  }
}
