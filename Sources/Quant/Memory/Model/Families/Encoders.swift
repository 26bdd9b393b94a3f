// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Models that see all tokens of a text at once, so that there is nothing to cache: encoders, and
/// language models by diffusion.
enum Encoders: MemoryFamily {
  /// Those without weights for an output.
  private static let withoutOutput = [
    "bert", "eurobert", "jina-bert-v2", "jina-bert-v3", "modern-bert", "neo-bert", "nomic-bert",
    "nomic-bert-moe",
  ]
  /// Those that say probabilities of tokens.
  private static let withLogits = ["dream", "llada", "llada-moe", "rnd1"]

  static let names = withoutOutput + ["gemma-embedding"] + withLogits

  static func output(_ name: String) -> ModelOutput {
    if withLogits.contains(name) { return .logits }
    // llama.cpp loads an output that it does not use.
    return withoutOutput.contains(name) ? .none : .unused
  }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {
    for layer in layers.indices { layers[layer].attention?.isCached = false }
  }
}
