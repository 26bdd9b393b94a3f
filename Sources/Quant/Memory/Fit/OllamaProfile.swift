// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// How many layers Ollama 0.5.11 puts on one GPU, and what it says they need.
///
/// That release estimates memory by formulas of its own, layer by layer (its `llm/memory.go` and
/// `llm/ggml.go`, for the `llama` architecture), and keeps a layer's worth and 457 MiB free. It first
/// tries four sequences of 2,048 tokens, then one; if not all layers fit, it stays with one.
public struct OllamaProfile: Sendable {
  /// What it decides.
  public struct Decision: Sendable, Equatable {
    /// Layers on the GPU, the output counted as one.
    public let gpuLayers: Int
    /// Sequences at the same time.
    public let sequences: Int
    /// Tokens of context of all sequences together.
    public let context: Int
    /// Bytes of GPU memory that it believes to need; zero without layers on it.
    public let believedBytes: Int
  }

  private let shape: ModelShape
  private let layerBytes: [Int]
  private let outputBytes: Int
  private let expertGateBytes: Int?
  /// Whether experts are in a tensor each (`ffn_gate.0`), which has formulas of its own.
  private let splitExpertWidth: Int?

  /// Tokens of context of one sequence unless the user says otherwise.
  public static let defaultContext = 2048
  /// Sequences that are tried first.
  public static let defaultSequences = 4
  private static let batch = 512
  /// Longer contexts are not known to it.
  private static let mostContext = 1 << 22
  /// What CUDA and ROCm are given besides.
  private static let minimumMemory = 457 << 20

  /// Reads what the formulas need.
  ///
  /// - Throws: `QuantError.content` for architectures that it has other formulas for.
  public init(_ model: MemoryModel) throws(QuantError) {
    let memory = ArchitectureRegistry.memory(model.shape.architecture)
    guard memory.hasOllamaFormulas, let head = model.shape.attentionLayers.first,
      head.heads > 0, Self.isSensible(model.shape, head)
    else {
      let names = ArchitectureRegistry.names { $0.hasOllamaFormulas }.joined(separator: ", ")
      throw .content(
        file: model.name, line: 0,
        what: "ollama-0.5.11: expected the architecture \(names), whose formulas are known, in"
          + " sizes that models have, found \(model.shape.architecture)")
    }
    shape = model.shape
    layerBytes = (0..<model.shape.layerCount).map { layer in
      model.tensors.filter { $0.layer == layer }.clampedSum { min($0.byteCount, 1 << 50) }
    }
    let bytes = { (name: String) in
      model.index(of: name).map { model.tensors[$0].byteCount }
    }
    outputBytes =
      (bytes("output_norm.weight") ?? 0)
      + (bytes("output.weight") ?? bytes("token_embd.weight") ?? 0)
    expertGateBytes = bytes("blk.0.ffn_gate_exps.weight")
    splitExpertWidth = model.index(of: "blk.0.ffn_gate.0.weight").flatMap {
      model.tensors[$0].description.dimensions.dropFirst().first.map { min($0, 1 << 20) }
    }
  }

  /// Whether products of the sizes stay within 63 bits.
  private static func isSensible(_ shape: ModelShape, _ head: LayerMemory.Attention) -> Bool {
    let rows = shape.layerCount * (head.keyWidth + head.valueWidth)
    return rows < 1 << 28 && head.keyValueHeads < 1 << 10
      && (shape.feedForward.max() ?? 0) < 1 << 20 && (shape.trainedContext ?? 0) < 1 << 24
  }

  /// The decision for a GPU with so many bytes free.
  ///
  /// - Parameters:
  ///   - freeBytes: Free memory of the GPU; `nil` to stay on the processor.
  ///   - context: Tokens of context of one sequence.
  /// - Returns: How many layers go to the GPU, and for how many sequences of what context.
  public func decision(
    freeBytes: Int?, context: Int = OllamaProfile.defaultContext
  ) -> Decision {
    let context = min(max(context, 1), Self.mostContext)
    let wide = context * Self.defaultSequences
    guard let freeBytes else {
      return Decision(
        gpuLayers: 0, sequences: Self.defaultSequences, context: wide, believedBytes: 0)
    }
    for sequences in [Self.defaultSequences, 1] {
      let found = layers(freeBytes: freeBytes, context: context * sequences)
      if found.count > shape.layerCount {
        return Decision(
          gpuLayers: found.count, sequences: sequences, context: context * sequences,
          believedBytes: found.bytes)
      }
    }
    let found = layers(freeBytes: freeBytes, context: context)
    return Decision(
      gpuLayers: found.count, sequences: 1, context: context, believedBytes: found.bytes)
  }

  private func layers(freeBytes: Int, context: Int) -> (count: Int, bytes: Int) {
    let graph = graphBytes(context: context)
    let cache = cacheBytes(context: context) / shape.layerCount
    let work = max(graph.partial, graph.full)
    guard let first = layerBytes.first else { return (0, 0) }
    let reserve = Self.minimumMemory + first + cache
    guard freeBytes >= work + reserve + first + cache else { return (0, 0) }
    var (bytes, count) = (reserve, 0)
    for layer in layerBytes {
      guard freeBytes > bytes + work + layer + cache else { break }
      bytes += layer + cache
      count += 1
    }
    if count == shape.layerCount, freeBytes > bytes + work + outputBytes {
      bytes += outputBytes
      count += 1
    }
    return (count, bytes + (count > shape.layerCount ? graph.full : graph.partial))
  }

  private var head: LayerMemory.Attention? { shape.attentionLayers.first }

  private func cacheBytes(context: Int) -> Int {
    let attention = head.map { $0.keyWidth + $0.valueWidth } ?? 0
    return context * shape.layerCount * attention * 2
  }

  /// Bytes of the working buffer, with some layers outside and with none.
  private func graphBytes(context: Int) -> (partial: Int, full: Int) {
    let batch = min(context, Self.batch)
    let (width, heads) = (shape.width, head?.heads ?? 1)
    let keyValueHeads = head?.keyValueHeads ?? 1
    let rows = width / heads * keyValueHeads
    let logits = 4 * batch * (width + shape.vocabulary)
    var full = max(4 * batch * (1 + 4 * width + context * (1 + heads)), logits)
    // The output's weights are copied for a batch: it takes them for Q6_K, 105 bytes for 128.
    var partial =
      4 * batch * width
      + max(
        4 * batch * (1 + width + max(context, width)) + width * width * 9 / 16
          + 4 * context * (batch * heads + rows),
        logits + width * shape.vocabulary * 105 / 128)
    if let expertGateBytes {
      let feedForward = shape.feedForward.first ?? 0
      partial = max(
        3 * expertGateBytes
          + 4 * batch * (2 * feedForward + keyValueHeads + width + context + rows),
        4 * (context * batch * heads + context * rows + batch * 1024 + rows * batch))
    } else if let hidden = splitExpertWidth {
      full =
        4 * batch * (2 + 3 * width + context * (1 + heads) + 2 * keyValueHeads + hidden)
      partial = max(
        4 * batch * (3 + rows + width + context * (1 + heads) + hidden)
          + (width * width + 3 * width * keyValueHeads * hidden) * 9 / 16,
        4 * batch * (1 + 2 * width + context * (1 + heads))
          + width * (6 * context * keyValueHeads / heads + width * 9 / 16))
    }
    return (partial, full)
  }
}
