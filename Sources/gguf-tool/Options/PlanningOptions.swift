// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// What types are chosen by, and from.
struct PlanningOptions: ParsableArguments, SettingOptions {
  @Option(
    help: ArgumentHelp(
      "The output of `sensitivity` (default: estimates from tensor shapes alone).",
      valueName: "file"),
    completion: .file())
  var sensitivity: String?

  @Option(
    help: ArgumentHelp(
      "per-expert: one type per expert; merged: one type per layer and projection, which every"
        + " program loads; keep: as in the model.",
      valueName: "layout"))
  var layout = ExpertLayout.keep

  @Option(
    help: ArgumentHelp(
      "The types to choose from, such as IQ3_S,Q4_K,Q6_K (default: all that were measured).",
      valueName: "types"))
  var types: String?

  @Option(
    help: ArgumentHelp(
      "At least this type's bits for tensors whose names match the regular expression, or experts as"
        + " in recipes; repeatable, the first match wins.",
      valueName: "regex=type"))
  var minType: [String] = []

  @Option(
    help: ArgumentHelp("The importance matrix to write variants with.", valueName: "file"),
    completion: .imatrix)
  var imatrix: String?

  static let settings: [QuantError.Setting: SettingWords] = [
    .layout: .hint(": write one tensor per expert (--layout per-expert)"),
    .importance: .hint(": pass one for all tensors with --imatrix"),
    .planTarget: .hint("; --types names the types to choose from"),
    .types: .hint(" (--types)"),
  ]

  func validate() throws { _ = try rules() }

  /// The files that are read, which no output may replace.
  var files: [String?] { [sensitivity, imatrix] }

  /// The importance matrix, if one is named.
  ///
  /// Says on standard error where it has more layers than the model.
  func importance(for source: any ModelSource) throws -> ImportanceMatrix? {
    let matrix = try imatrix.map { try ImportanceMatrix.read($0) }
    ImportanceWarnings.warn(matrix, for: source)
    return matrix
  }

  /// What may be chosen.
  func rules() throws -> AllocationRules {
    AllocationRules(
      layout: layout, types: try types.map { Set(try TypeList.types($0, option: "--types")) },
      minimums: try minType.map { try TypeRule(option: $0, file: "--min-type") })
  }

  /// The planner for a model.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - importance: The importance matrix that variants are written with, if any.
  ///   - isCalibrated: Whether they are written with calibration.
  /// - Returns: The planner.
  /// - Throws: `QuantError` or `ValidationError` for types that were not measured, or another model's file.
  func planner(
    _ source: any ModelSource, _ importance: ImportanceMatrix?, isCalibrated: Bool = false
  ) throws -> ModelPlanner {
    var rules = try rules()
    rules.isCalibrated = isCalibrated
    return try ModelPlanner(
      source, measured(source, importance), rules, importance: importance,
      toolVersion: Version.current,
      usage: "gguf-tool requantize MODEL OUT --recipe THIS"
        + (importance.map { " --imatrix \(ShellWords.quoted(path: $0.path))" } ?? "")
        + (isCalibrated ? " --calibrate TEXT" : ""))
  }

  /// What parts of the model suffer, measured or expected.
  func measured(
    _ source: any ModelSource, _ importance: ImportanceMatrix?
  ) throws -> Sensitivity {
    guard let sensitivity else {
      Warnings.write(
        "without --sensitivity, types are chosen by tensor shapes alone, and only the order of"
          + " expected divergences has a meaning")
      let wanted = try types.map { try TypeList.types($0, option: "--types") }
      return try Sensitivity.prior(
        of: source, types: wanted ?? SensitivityTypes.usual, importance: importance)
    }
    let found = try Sensitivity.read(sensitivity)
    try found.check(source)
    if let types,
      let type = try TypeList.types(types, option: "--types").first(where: {
        !found.types.contains($0.name)
      })
    {
      throw ValidationError(
        "--types: \(type) was not measured; \(sensitivity) has \(found.types.joined(separator: ", "))."
      )
    }
    if found.importance != nil && importance == nil {
      Warnings.write(
        "the sensitivity was measured with an importance matrix: variants written without one"
          + " have more error than expected")
    }
    return found
  }
}

/// Lists of types on the command line.
enum TypeList {
  /// `Q4_K,Q6_K` as types that can be written.
  ///
  /// Throws `ValidationError` for names of none.
  static func types(_ text: String, option: String) throws -> [TensorType] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let name = part.filter { $0 != " " }
      guard let type = TensorType(name: String(name)), FormatRegistry.encoder(of: type) != nil
      else {
        throw ValidationError(
          "\(option): there is no type \"\(name)\"\(FormatRegistry.question(name)); types are "
            + "\(FormatRegistry.encodableNames).")
      }
      return type
    }
  }
}
