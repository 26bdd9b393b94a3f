// SPDX-License-Identifier: MIT

extension ExpertRanking {
  /// Ranks by what the model's predictions suffer when an expert is in the coarsest type that was
  /// measured: an expert whose ruin goes unnoticed can be spared.
  ///
  /// - Parameters:
  ///   - sensitivity: The measurement.
  ///   - file: A name for errors.
  /// - Throws: `QuantError.unsupported` for a measurement without experts.
  public init(_ sensitivity: Sensitivity, file: String) throws(QuantError) {
    var worths: [Int: [Int: Double]] = [:]
    for unit in sensitivity.units {
      guard let layer = unit.layer, let expert = unit.expert else { continue }
      let coarsest = unit.divergences.compactMap { $0 }.max() ?? 0
      worths[layer, default: [:]][expert, default: 0] += coarsest
    }
    guard !worths.isEmpty else {
      throw .unsupported("\(file): it has no experts to rank")
    }
    var scores: [Int: [Double]] = [:]
    for (layer, experts) in worths {
      scores[layer] = experts.sorted { $0.key < $1.key }.map(\.value)
    }
    try self.init(scores: scores, file: file)
  }
}
