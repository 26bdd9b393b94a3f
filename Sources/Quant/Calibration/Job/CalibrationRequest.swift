// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantEvaluation
public import QuantModels
public import QuantPlanning

/// How a model that is being quantized is to be calibrated.
public struct CalibrationRequest: Sendable {
  /// The text.
  public let windows: EvaluationWindows
  /// The text's files.
  public let datasets: [String]
  /// What running models may use.
  public let options: EvaluationOptions
  /// How codes are chosen.
  public var settings = CalibrationSettings()

  /// Raised with every change of what a calibration writes: an unfinished file of another revision is not
  /// continued.
  private static let revision = 1

  /// Asks for a calibration.
  ///
  /// - Parameters:
  ///   - windows: The text, two windows at least: some are held out.
  ///   - datasets: Its files.
  ///   - options: What running models may use.
  /// - Throws: `QuantError.setting` for a single window.
  public init(
    _ windows: EvaluationWindows, datasets: [String], options: EvaluationOptions
  ) throws(QuantError) {
    guard windows.count > 1 else {
      throw .setting(
        .windowCount,
        what: "1 window: expected at least 2 to calibrate with, as some are held out to test on")
    }
    self.windows = windows
    self.datasets = datasets
    self.options = options
  }

  /// What is said of it in the quantized file.
  public var origin: CalibrationOrigin {
    CalibrationOrigin(
      datasets: datasets, windowCount: windows.count, windowLength: windows.length)
  }

  /// Opens one of the two models.
  func evaluator(_ source: any ModelSource) throws(QuantError) -> Evaluator {
    try Evaluator(model: source, contextLength: windows.length, options: options)
  }

  /// Adds all that decides about the bytes that are written, beside the models.
  func add(to fingerprint: inout Fingerprint) {
    fingerprint.add("calibration")
    fingerprint.add(Self.revision)
    // All fields, also those that are added to the settings one day.
    fingerprint.add("\(settings)")
    fingerprint.add(options.mode.rawValue)
    fingerprint.add(options.firstPosition)
    fingerprint.add(windows.length)
    for token in windows.tokens { fingerprint.add(Int(token)) }
  }
}
