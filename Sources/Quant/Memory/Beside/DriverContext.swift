// SPDX-License-Identifier: MIT

/// What a driver keeps on a GPU for a program that uses it, beside all that the program asks for: not
/// counted in estimates.
public struct DriverContext: Sendable {
  /// The backend.
  public let backend: String
  /// The bytes that were measured, from the least to the most.
  public let bytes: ClosedRange<Int>
  /// On what, and where that is published.
  public let source: String

  /// All that is published; for Vulkan and Metal nothing was found.
  public static let measured = [
    DriverContext(
      backend: "CUDA", bytes: 107 << 20...555 << 20,
      source: "RTX 4060 Ti and RTX PRO 6000, llama.cpp pull 23604"),
    DriverContext(
      backend: "ROCm", bytes: 820 << 20...900 << 20,
      source: "RX 7600 XT on Windows with its pools, the runs in Docs/Memory.md"),
  ]
}
