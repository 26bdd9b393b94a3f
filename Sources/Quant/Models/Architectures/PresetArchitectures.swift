// SPDX-License-Identifier: MIT

/// The architectures that the presets of llama-quantize treat differently.
///
/// The list is that program's, not a property of the models: it names some of which nothing else is known.
package enum PresetArchitectures {
  /// Those whose models of 80 layers count as 70 B.
  fileprivate static let with70B: Set<String> = ["llama", "qwen2", "qwen2vl", "deci"]
  /// The one with rules of its own.
  package static let falcon = "falcon"
}

extension ModelFacts {
  /// Whether the presets treat it as one of the 70 B models, whose value tensors are an eighth.
  package var is70B: Bool {
    PresetArchitectures.with70B.contains(architecture) && layerCount == 80 && groupedQueries != 1
  }
}
