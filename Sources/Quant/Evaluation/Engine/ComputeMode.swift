// SPDX-License-Identifier: MIT

/// How precisely matrices are multiplied.
public enum ComputeMode: String, Sendable, CaseIterable {
  /// In single precision.
  case f32
  /// Each number as two of bfloat16, three products of them: relative errors near 2^-16.
  case bf16x3
  /// In bfloat16, added up in single precision: fast, relative errors near 2^-9.
  case bf16
  /// In single precision, after rounding what goes in as llama.cpp's CPU code does: to compare with
  /// its figures.
  case llama

  /// The mode to use where none is asked for: the faster of the two exact ones on this machine.
  ///
  /// Three products of 16-bit numbers are faster than one of 32 bits only with tiles (AMX).
  public static var accurate: ComputeMode { OneDNN.hasTiles ? .bf16x3 : .f32 }
}
