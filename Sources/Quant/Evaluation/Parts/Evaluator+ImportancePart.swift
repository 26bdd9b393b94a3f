// SPDX-License-Identifier: MIT
public import QuantModels

extension Evaluator {
  /// Gathers over some windows of a text, as a part of a job does.
  ///
  /// - Parameters:
  ///   - windows: All of the text.
  ///   - datasets: Names of the texts, for the file.
  ///   - includesOutput: Whether the output matrix is gathered for, too.
  ///   - range: The windows to run: of a part, `JobPart.range(of:)`.
  ///   - progress: Called after each layer.
  /// - Returns: The sums, for `GatheredImportance`, which makes the matrix or the file of a part.
  /// - Throws: `QuantError` for tokens that the model does not have, weights that cannot be read, or
  ///   too little memory; `.cancelled` if the task was cancelled, which is asked before each layer.
  public func gatherImportance(
    over windows: EvaluationWindows, datasets: [String], includesOutput: Bool = false,
    only range: Range<Int>, progress: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws(QuantError) -> TextImportance {
    let gathering = ImportanceGathering(includesOutput: includesOutput)
    try gather(gathering, over: windows, only: range, progress: progress)
    return TextImportance(
      datasets: datasets, counts: WindowCounts(windows), range: range, sums: gathering.sums)
  }
}
