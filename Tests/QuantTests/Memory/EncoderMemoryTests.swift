// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

/// Models that no table holds: those that cache nothing or half, and variants of the common form.
@Suite struct EncoderMemoryTests {
  private static let (width, inner, tokens) = (64, 4096, 512)

  private static func model(
    _ architecture: String, _ tensors: [(String, [Int])]
  ) throws -> MemoryModel {
    var metadata = Metadata()
    metadata["general.architecture"] = .string(MetadataString(architecture))
    for (key, value) in [
      ("block_count", 2), ("embedding_length", width), ("feed_forward_length", inner),
      ("attention.head_count", 4), ("attention.head_count_kv", 4), ("context_length", tokens),
    ] { metadata["\(architecture).\(key)"] = .uint32(UInt32(value)) }
    let all = [("token_embd", [width, 1000])] + tensors
    return try MemoryModel(
      name: "m.gguf", metadata: metadata,
      tensors: all.map {
        TensorDescription(name: "\($0).weight", dimensions: $1, type: $1.count > 1 ? .F16 : .F32)
      }, fileBytes: nil)
  }

  private static func layers(_ prefix: String, _ tensors: [(String, [Int])]) -> [(String, [Int])] {
    (0..<2).flatMap { layer in tensors.map { ("\(prefix)blk.\(layer).\($0)", $1) } }
  }

  private static let attention = ["attn_q", "attn_k", "attn_v", "attn_output"].map {
    ($0, [width, width])
  }
  private static let network = [
    ("ffn_gate", [width, inner]), ("ffn_up", [width, inner]), ("ffn_down", [inner, width]),
  ]

  private static func estimate(_ model: MemoryModel, outputs: Int? = nil) -> MemoryEstimate {
    var options = ContextOptions(context: tokens)
    options.outputRows = outputs
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: 1))
    return MemoryEstimate(model, placement: placement, options: options)
  }

  @Test(arguments: ["bert", "nomic-bert", "gemma-embedding", "llada"])
  func `encoders cache nothing`(name: String) throws {
    let norms = ["attn_norm", "ffn_norm"].map { ($0, [Self.width]) }
    let model = try Self.model(
      name,
      [("output_norm", [Self.width])]
        + Self.layers("", Self.attention + Self.network + norms))
    let estimate = Self.estimate(model)
    #expect(estimate.gpus[0].cache == 0 && estimate.host.cache == 0)
    #expect(estimate.computeMethod == .bound)
    // Weights for an output are copies of the embedding, where there are any.
    #expect(model.hasTiedOutput == !name.hasSuffix("bert"))
    // At least gate, up and their product are there at once.
    #expect(estimate.gpus[0].compute > 3 * 4 * Self.inner * Self.tokens)
  }

  @Test func `of T5 the decoder caches, and layers of both halves are placed`() throws {
    let halves = ["enc.", "dec."].flatMap { half in
      [("\(half)output_norm", [Self.width])] + Self.layers(half, Self.attention + Self.network)
    }
    let estimate = Self.estimate(try Self.model("t5", halves))
    #expect(estimate.gpus[0].cache == 2 * 2 * 2 * Self.width * Self.tokens)
    #expect(estimate.host.weights == 2 * Self.width * 1000)
    #expect(estimate.host.cache == 0)
  }

  @Test func `halves of one product are multiplied without a copy`() throws {
    let norms = ["attn_norm", "ffn_norm"].map { ($0, [Self.width]) }
    let fused = [
      ("attn_qkv", [Self.width, 3 * Self.width]), ("attn_output", [Self.width, Self.width]),
      ("ffn_up", [Self.width, 2 * Self.inner]), ("ffn_down", [Self.inner, Self.width]),
    ]
    let model = try Self.model(
      "phi3", [("output_norm", [Self.width])] + Self.layers("", fused + norms))
    let estimate = Self.estimate(model, outputs: 1)
    #expect(estimate.computeMethod == .replayed)
    let network = 3 * 4 * Self.inner * Self.tokens
    #expect((network..<network + network / 10).contains(estimate.gpus[0].compute))
  }
}
