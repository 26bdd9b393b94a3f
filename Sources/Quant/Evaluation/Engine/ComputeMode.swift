// SPDX-License-Identifier: MIT
internal import QuantModels

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

  /// The modes that this machine has: those of 16-bit numbers need AVX-512.
  public static var available: [ComputeMode] {
    allCases.filter { OneDNN.hasHalfProducts || !$0.multipliesHalves }
  }

  private var multipliesHalves: Bool { self == .bf16 || self == .bf16x3 }

  /// Throws `QuantError.unsupported` for a mode that this machine does not have.
  func check() throws(QuantError) {
    guard !Self.available.contains(self) else { return }
    throw .unsupported(
      "compute mode \(rawValue): expected a processor with AVX-512 for products of 16-bit numbers,"
        + " found none; f32 works on every processor")
  }
}
