// SPDX-License-Identifier: MIT
public import GGUF
public import QuantEvaluation
public import QuantModels
public import QuantPlanning

/// How a model that is being quantized is to be calibrated.
public struct CalibrationRequest: Sendable {
  /// Where it is known from what goes into matrices.
  enum Inputs: Sendable {
    /// A text; its inputs come from both models, or from the whole one alone.
    case text(EvaluationWindows, CalibrationOrigin.Method)
    /// A file of second moments, and a mark of its content.
    case moments(MomentsFile, mark: String)
  }

  let inputs: Inputs
  /// What is said of it in the quantized file.
  public let origin: CalibrationOrigin
  /// What running models may use.
  public let options: EvaluationOptions
  /// How codes are chosen.
  public var settings = CalibrationSettings()

  /// Raised with every change of what a calibration writes: an unfinished file of another revision is not
  /// continued.
  private static let revision = 1

  /// Asks for a calibration with a text.
  ///
  /// - Parameters:
  ///   - windows: The text, two windows at least: some are held out.
  ///   - datasets: Its files.
  ///   - method: How matrices are calibrated.
  ///   - options: What running models may use.
  /// - Throws: `QuantError.setting` for a single window.
  public init(
    _ windows: EvaluationWindows, datasets: [String],
    method: CalibrationOrigin.Method = .sequential, options: EvaluationOptions
  ) throws(QuantError) {
    try CalibrationText.check(windows)
    inputs = .text(windows, method)
    origin = CalibrationOrigin(
      method, datasets: datasets, windowCount: windows.count, windowLength: windows.length)
    self.options = options
  }

  /// Asks for a calibration of each matrix on its own, with second moments that were gathered before.
  ///
  /// - Parameters:
  ///   - moments: The moments, of a whole text.
  ///   - source: The model that is quantized.
  ///   - options: What may be used.
  ///   - isHeaderOnly: Whether the model's weights are not there to be read: then moments of another model are
  ///     not noticed.
  /// - Throws: `QuantError.mismatch` for moments of another model, `.content` for those of a part of a text or
  ///   without rows to test on, `.file` for a file that cannot be read.
  public init(
    _ moments: MomentsFile, of source: any ModelSource, options: EvaluationOptions,
    isHeaderOnly: Bool = false
  ) throws(QuantError) {
    try moments.checkIsWhole()
    if !isHeaderOnly { try moments.check(isOf: source) }
    guard moments.inputs.contains(where: { $0.heldOutRows > 0 }) else {
      throw .content(
        file: moments.path, line: 0,
        what: "expected rows that are held out to test on, found none: gather with more text")
    }
    let file = try QuantError.wrapping { () throws(FileError) in
      try GGUFFile.open(moments.path)
    }
    var mark = Fingerprint()
    try ModelIdentity.addCopies(of: file, to: &mark)
    inputs = .moments(moments, mark: mark.text)
    origin = CalibrationOrigin(
      .oneShot, file: moments.path, datasets: moments.datasets,
      windowCount: moments.description.windows.count,
      windowLength: moments.description.windows.length)
    self.options = options
  }

  /// Opens one of the two models.
  func evaluator(_ source: any ModelSource) throws(QuantError) -> Evaluator {
    try Evaluator(model: source, contextLength: origin.windowLength, options: options)
  }

  /// Adds all that decides about the bytes that are written, beside the models.
  func add(to fingerprint: inout Fingerprint) {
    fingerprint.add("calibration")
    fingerprint.add(Self.revision)
    // All fields, also those that are added to the settings one day.
    fingerprint.add("\(settings)")
    fingerprint.add(origin.method.rawValue)
    switch inputs {
    case .moments(_, let mark): fingerprint.add(mark)
    case .text(let windows, _):
      fingerprint.add(options.mode.rawValue)
      fingerprint.add(options.firstPosition)
      fingerprint.add(windows.length)
      for token in windows.tokens { fingerprint.add(Int(token)) }
    }
  }
}
