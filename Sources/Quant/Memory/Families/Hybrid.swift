// SPDX-License-Identifier: MIT
internal import QuantModels

/// Hybrids that are not held to llama.cpp, so that their computation is a bound: Falcon H1 (attention and
/// Mamba 2 beside each other in every layer), Mamba 2, Jamba, and those that nobody described. Their tensors
/// tell what layers have.
enum Hybrid: MemoryFamily {
  static let names = ["falcon-h1", "jamba", "mamba2"]

  static func outputNorm(_ model: MemoryModel) -> String {
    model.contains("output_norm.weight") ? "output_norm" : LFM2.outputNorm(model)
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    guard reader.architecture == "jamba" else { return }
    for layer in layers.indices { layers[layer].attention?.isRotated = false }
  }

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? {
    let memory = model.shape.layers[layer]
    var names = ["attn_norm.weight"]
    if let attention = memory.attention {
      guard !attention.isLatent else { return nil }
      names += model.attentionTensors(layer)
    }
    if memory.recurrence != nil {
      guard let mixer = model.mixer(layer) else { return nil }
      names += mixer.tensors
    }
    return names + (model.hasNetwork(layer) ? model.feedForwardTensors(layer) : [])
  }

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
