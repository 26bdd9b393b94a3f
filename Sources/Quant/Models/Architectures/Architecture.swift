// SPDX-License-Identifier: MIT

/// A kind of model: everything that is known of it beyond what its files say.
///
/// Each requirement takes one of `names`, for kinds that go by several.
package protocol Architecture: Sendable {
  /// The values of `general.architecture` that name it.
  static var names: [String] { get }

  /// What memory at run time depends on beyond keys and tensors; `.unknown` if nobody said.
  static func memory(_ name: String) -> MemoryTraits

  /// The values of `model_type` in the configurations that it is converted from.
  static var modelTypes: [String] { get }

  /// What its class in Hugging Face's library has where a nested configuration leaves a key out.
  static func defaults(_ modelType: String) -> [String: Int]

  /// Describes the file that a configuration is converted to.
  ///
  /// Throws `QuantError.content` for keys that are missing or make no sense.
  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder

  /// What a mixture becomes when each layer keeps one expert; `nil` if there is no such architecture.
  static func dense(_ name: String) -> DenseForm?

  /// What a model's layers get by their number; `nil` if nobody said, so that no layer can be removed.
  ///
  /// Throws `QuantError.content` for keys that make no sense.
  static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]?
}

/// An architecture that can be evaluated.
package protocol EvaluableArchitecture: Architecture {
  /// Describes what a model computes, as its keys and tensors say.
  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph

  /// How its layers predict further tokens (MTP); `nil` if it has no such layers, or nobody said.
  static func ahead(_ name: String) -> AheadForm?
}

extension EvaluableArchitecture {
  package static func ahead(_ name: String) -> AheadForm? { nil }
}

extension Architecture {
  package static func defaults(_: String) -> [String: Int] { [:] }

  package static func dense(_ name: String) -> DenseForm? { nil }

  package static func layerRules(_: KeyReader) throws(QuantError) -> [LayerRule]? { nil }
}

/// The dense architecture that is a mixture's own but for the experts.
package struct DenseForm: Sendable {
  /// Its name.
  package let architecture: String
  /// Whether its feed-forward networks may have biases.
  package var allowsBiases = false
}
