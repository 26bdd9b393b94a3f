// SPDX-License-Identifier: MIT

/// What a quantized file says of the calibration that chose its codes.
public struct CalibrationOrigin: Sendable, Hashable {
  /// The text's files.
  public let datasets: [String]
  /// Windows of the text.
  public let windowCount: Int
  /// Tokens of each.
  public let windowLength: Int
  /// Whether matrices were encoded each on its own, by the whole model's inputs.
  public let isOneShot: Bool

  /// Describes a calibration.
  public init(
    datasets: [String], windowCount: Int, windowLength: Int, isOneShot: Bool = false
  ) {
    self.datasets = datasets
    self.windowCount = windowCount
    self.windowLength = windowLength
    self.isOneShot = isOneShot
  }
}
