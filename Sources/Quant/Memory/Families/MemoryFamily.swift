// SPDX-License-Identifier: MIT
internal import QuantModels

/// Models whose layers llama.cpp caches or computes in a way that neither keys nor tensors tell: one file
/// each, and one line in `MemoryFamilies`.
///
/// A family says what is its own; all else has the common form.
protocol MemoryFamily: Sendable {
  /// The values of `general.architecture` that belong to it.
  static var names: [String] { get }

  /// Whether each sequence has a cache of its own even where sequences share one otherwise.
  static var hasStreamPerSequence: Bool { get }

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

  /// The names, without `blk.N.`, of tensors that a layer must have for `build`; `nil` for those of the
  /// common form.
  static func tensors(_ model: MemoryModel, layer: Int) -> [String]?

  /// Builds the computation.
  static func build(_ builder: inout GraphBuilder)
}

extension MemoryFamily {
  static var hasStreamPerSequence: Bool { false }

  static func output(_ name: String) -> ModelOutput { .logits }

  static var biasesScores: Bool { false }

  static func computation(_ name: String) -> ComputationTraits? { nil }

  static func adjust(
    _ layers: inout [LayerMemory], _ reader: KeyReader, _ tensors: [String: [Int]]
  ) throws(QuantError) {}

  static func tensors(_ model: MemoryModel, layer: Int) -> [String]? { nil }

  static func build(_ builder: inout GraphBuilder) {
    builder.build { builder, layer, input in builder.layer(layer, input) }
  }
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
    Encoders.self,
    T5.self,
  ]

  /// The family of an architecture; `nil` for those of the common form.
  static func named(_ architecture: String) -> (any MemoryFamily.Type)? {
    all.first { $0.names.contains(architecture) }
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
