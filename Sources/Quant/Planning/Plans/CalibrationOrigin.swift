// SPDX-License-Identifier: MIT

/// What a quantized file says of the calibration that chose its codes.
public struct CalibrationOrigin: Sendable, Hashable {
  /// How matrices are calibrated.
  public enum Method: String, Sendable {
    /// Layer after layer, with inputs from the quantized layers before.
    case sequential
    /// Each on its own, with the whole model's inputs.
    case oneShot = "one-shot"
  }

  /// How matrices are calibrated.
  public let method: Method
  /// The file of second moments, if they were not gathered on the way.
  public let file: String?
  /// The text's files.
  public let datasets: [String]
  /// Windows of the text.
  public let windowCount: Int
  /// Tokens of each.
  public let windowLength: Int

  /// Describes a calibration.
  public init(
    _ method: Method, file: String? = nil, datasets: [String], windowCount: Int, windowLength: Int
  ) {
    self.method = method
    self.file = file
    self.datasets = datasets
    self.windowCount = windowCount
    self.windowLength = windowLength
  }
}
