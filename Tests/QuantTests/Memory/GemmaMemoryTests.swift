// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// The small Gemma 4, of which no table has rows: embeddings of every layer, and caches that several
/// layers read.
@Suite struct GemmaMemoryTests {
  private static let slides = [true, true, false, true, true, false]
  private static let sharing = 3

  private static func model(without missing: Set<String> = []) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string("gemma4")
    for (key, value) in [
      ("block_count", slides.count), ("embedding_length", 64), ("feed_forward_length", 128),
      ("attention.head_count", 4), ("attention.head_count_kv", 2), ("attention.key_length", 32),
      ("attention.value_length", 32), ("attention.key_length_swa", 16),
      ("attention.value_length_swa", 16), ("attention.sliding_window", 128),
      ("attention.shared_kv_layers", sharing),
    ] { metadata["gemma4.\(key)"] = .uint32(UInt32(value)) }
    metadata["gemma4.attention.sliding_window_pattern"] = .array(
      MetadataArray(elementType: .bool, slides.map { .bool($0) }))
    let all = common + slides.indices.flatMap(tensors)
    let tensors = all.filter { !missing.contains($0.0) }.map {
      TensorDescription(name: "\($0).weight", dimensions: $1, type: $1.count > 1 ? .F16 : .F32)
    }
    return try MemoryModel(name: "m.gguf", metadata: metadata, tensors: tensors, fileBytes: nil)
  }

  private static let common = [
    ("token_embd", [64, 100]), ("output_norm", [64]), ("per_layer_token_embd", [8 * 6, 100]),
    ("per_layer_model_proj", [64, 8 * 6]), ("per_layer_proj_norm", [8]),
  ]

  /// Layers that share a cache have no products for keys and values.
  private static func tensors(of layer: Int) -> [(String, [Int])] {
    let size = slides[layer] ? 16 : 32
    let own = [("attn_k", [64, 2 * size]), ("attn_v", [64, 2 * size])]
    let all = [
      ("attn_norm", [64]), ("attn_q", [64, 4 * size]), ("attn_output", [4 * size, 64]),
      ("ffn_norm", [64]), ("ffn_gate", [64, 128]), ("ffn_up", [64, 128]), ("ffn_down", [128, 64]),
      ("inp_gate", [64, 8]), ("proj", [8, 64]), ("post_norm", [64]),
    ]
    return (all + (layer < slides.count - sharing ? own : [])).map { ("blk.\(layer).\($0)", $1) }
  }

  private static func estimate(_ model: MemoryModel, gpus: Int, layers: Int? = nil)
    -> MemoryEstimate
  {
    var options = ContextOptions(context: 512)
    options.microBatch = 128
    let rule = PlacementRule(gpuCount: gpus, gpuLayers: layers)
    return MemoryEstimate(model, placement: DevicePlacement(model, rule: rule), options: options)
  }

  @Test func `last layers read the caches of the last layer of their kind that has one`() throws {
    let model = try Self.model()
    #expect(model.shape.layers.map { $0.attention?.sharedLayer } == [nil, nil, nil, 1, 1, 2])
    // Two windows of 256 cells and one whole context, keys and values of two heads in 16 bits.
    let bytes = 2 * (2 * 256 * 2 * 16 * 2) + 2 * 512 * 2 * 32 * 2
    for gpus in [0, 1, 2] {
      let estimate = Self.estimate(model, gpus: gpus)
      #expect(estimate.gpus.reduce(estimate.host.cache) { $0 + $1.cache } == bytes)
      #expect(estimate.computeMethod == .replayed)
    }
  }

  @Test func `host memory holds the embedding twice, and the tables of the layers once`() throws {
    let model = try Self.model()
    let host = Self.estimate(model, gpus: 0).host
    #expect(host.weights == model.tensorBytes + 2 * 64 * 100)
    // On a GPU are the output and all layers, with what projects the embedding for them.
    let whole = Self.estimate(model, gpus: 1)
    #expect(whole.host.weights == 2 * (64 * 100 + 8 * 6 * 100))
    let output = Self.estimate(model, gpus: 1, layers: 1)
    #expect(output.gpus[0].weights == 2 * 64 * 100 + 4 * 64)
  }

  @Test(arguments: ["per_layer_model_proj", "per_layer_token_embd", "blk.4.proj", "blk.2.attn_k"])
  func `a file without a tensor that is read is bounded`(name: String) throws {
    let model = try Self.model(without: [name])
    #expect(Self.estimate(model, gpus: 1).computeMethod == .bound)
  }
}
