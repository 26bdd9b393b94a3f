// SPDX-License-Identifier: MIT
internal import QuantModels

/// Models whose layers llama.cpp caches or computes in a way that neither keys nor tensors tell: one file
/// each, and one line in `MemoryFamilies`.
///
/// A family says what is its own; all else has the common form. One that computes in its own way is a
/// `ReplayedFamily`, too.
protocol MemoryFamily: Sendable {
  /// The values of `general.architecture` that belong to it.
  static var names: [String] { get }

  /// Whether each sequence has a cache of its own even where sequences share one otherwise.
  static var hasStreamPerSequence: Bool { get }

  /// The name of the norm before the output, without `.weight`.
  static func outputNorm(_ model: MemoryModel) -> String

  /// Whether its embedding is in pinned memory whatever its type.
  static var pinsEmbedding: Bool { get }

  /// Whether it takes the output's weights before the embedding, so that host memory, too, holds those
  /// of a tied output twice.
  static var holdsTiedOutputTwice: Bool { get }

  /// Whether a layer's device has a copy of the factors for rotating positions.
  static func holdsFactors(_ layer: LayerMemory) -> Bool

  /// Whether a file has the layers that predict further tokens, of which its keys tell; the first would be
  /// this one.
  static func hasDrafts(from layer: Int, _ tensors: [String: [Int]]) -> Bool

  /// The names, without `blk.N.`, of tensors that are loaded even of layers that predict further tokens.
  static var loadedOfDrafts: Set<String> { get }

  /// What it has of an output.
  static func output(_ name: String) -> ModelOutput

  /// Whether scores have a bias, so that flash attention cannot compute them.
  static var biasesScores: Bool { get }

  /// How it computes; `nil` where it is not held to llama.cpp, or the architecture's own file says it.
  static func computation(_ name: String) -> ComputationTraits?

  /// Changes what layers keep from what keys and tensors commonly mean.
  ///
  /// Throws `QuantError.content` for keys that make no sense.
  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError)

  /// The names, without `blk.N.`, of tensors that the computation of a layer reads; `nil` for those of the
  /// common form.
  static func tensors(_ model: MemoryModel, layer: Int) -> [String]?

  /// The names of tensors outside the layers that it reads beyond the embedding and the last norm.
  static func commonTensors(_ model: MemoryModel) -> [String]
}

extension MemoryFamily {
  static var hasStreamPerSequence: Bool { false }

  static func outputNorm(_ model: MemoryModel) -> String { "output_norm" }

  static var pinsEmbedding: Bool { false }

  static var holdsTiedOutputTwice: Bool { false }

  static func holdsFactors(_ layer: LayerMemory) -> Bool { true }

  static func hasDrafts(from layer: Int, _ tensors: [String: [Int]]) -> Bool { true }

  static var loadedOfDrafts: Set<String> { [] }

  static func output(_ name: String) -> ModelOutput { .logits }

  static var biasesScores: Bool { false }

  static func computation(_ name: String) -> ComputationTraits? { nil }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {}

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? { nil }

  static func commonTensors(_ model: MemoryModel) -> [String] { [] }
}

/// What a model has of an output.
enum ModelOutput {
  /// Weights that make logits.
  case logits
  /// Weights that are loaded and not used.
  case unused
  /// None.
  case none
}

/// The families that are known.
enum MemoryFamilies {
  static let all: [any MemoryFamily.Type] = [
    Cohere2.self,
    DeepSeek32.self,
    DeepSeek4.self,
    Encoders.self,
    GatedDeltaNet.self,
    Gemma3n.self,
    Gemma4.self,
    GraniteHybrid.self,
    Hybrid.self,
    IndexedLatent.self,
    KimiLinear.self,
    LFM2.self,
    LatentDeltaNet.self,
    Llama4.self,
    MiniMaxM3.self,
    NemotronH.self,
    Qwen3VL.self,
    Qwen4Exp.self,
    Step35.self,
    T5.self,
  ]

  /// The family of an architecture; `nil` for those of the common form.
  static func named(_ architecture: String) -> (any MemoryFamily.Type)? {
    all.first { $0.names.contains(architecture) }
  }

  /// The family of a model; of one that nobody described, what its tensors look like.
  static func family(_ model: MemoryModel) -> (any MemoryFamily.Type)? {
    let architecture = model.shape.likeness
    if let family = named(architecture) { return family }
    let isRecurrent = model.shape.layers.contains { $0.recurrence != nil }
    return isRecurrent && computation(architecture) == nil ? Hybrid.self : nil
  }

  /// The name of the norm before a model's output, without `.weight`.
  static func outputNorm(_ model: MemoryModel) -> String {
    family(model)?.outputNorm(model) ?? "output_norm"
  }

  /// What an architecture has of an output.
  static func output(_ architecture: String) -> ModelOutput {
    named(architecture)?.output(architecture) ?? .logits
  }

  /// How an architecture computes; `nil` if nobody said.
  static func computation(_ architecture: String) -> ComputationTraits? {
    named(architecture)?.computation(architecture)
      ?? ArchitectureRegistry.memory(architecture).computation
  }
}
