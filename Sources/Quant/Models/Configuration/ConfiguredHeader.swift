// SPDX-License-Identifier: MIT
public import GGUF

/// What a file of a configured model would have in front of its weights, as llama.cpp's converter
/// writes it: the keys that sizes and memory depend on, and every tensor.
public struct ConfiguredHeader: Sendable {
  /// The keys.
  public let metadata: Metadata
  /// The tensors, in F16 and F32.
  public let tensors: [TensorDescription]
  /// Whether the configuration is of a model that takes images or sounds, too, whose encoders are a file
  /// of their own and do not count here.
  public let hasOtherInputs: Bool
}
