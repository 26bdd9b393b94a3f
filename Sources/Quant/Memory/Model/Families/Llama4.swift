// SPDX-License-Identifier: MIT
internal import QuantModels

/// Llama 4: three of four layers see chunks and turn by positions, the fourth sees all and scales its
/// queries by their places instead; an expert's weight multiplies what goes into it.
enum Llama4: MemoryFamily {
  static let names = ["llama4"]
}
