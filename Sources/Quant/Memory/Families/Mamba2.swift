// SPDX-License-Identifier: MIT
internal import QuantModels

/// Mamba 2: nothing but state spaces. Not held to llama.cpp: its computation is a bound.
enum Mamba2: MemoryFamily {
  static let names = ["mamba2"]

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    model.tensorsOfMamba2OrAttention(layer).map { ["attn_norm.weight"] + $0 }
  }

  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in
      let normed = builder.norm(input, "blk.\(layer).attn_norm", layer: layer)
      var current = builder.mamba2(layer, normed)
      var residual = input
      if layer == builder.shape.trunkCount - 1 {
        current = builder.outputRows(current)
        residual = builder.outputRows(residual)
      }
      return builder.elementwise(current, residual)
    }
  }
}
