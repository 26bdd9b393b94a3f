// SPDX-License-Identifier: MIT
public import QuantModels
public import QuantPlanning

extension ExpertRanking {
  /// Ranks by what the model's predictions suffer when an expert is in the coarsest type that
  /// all were measured in: an expert whose ruin goes unnoticed can be spared.
  ///
  /// - Parameters:
  ///   - sensitivity: The measurement.
  ///   - file: A name for errors.
  /// - Throws: `QuantError.content` for a measurement without experts.
  public init(_ sensitivity: Sensitivity, file: String) throws(QuantError) {
    let experts = sensitivity.units.filter { $0.expert != nil && $0.bytes.contains { $0 != nil } }
    let common = sensitivity.types.indices.filter { type in
      experts.allSatisfy { $0.divergences[type] != nil }
    }
    var worths: [Int: [Int: Double]] = [:]
    for unit in sensitivity.units {
      guard let layer = unit.layer, let expert = unit.expert else { continue }
      worths[layer, default: [:]][expert, default: 0] += unit.worth(in: common)
    }
    guard !worths.isEmpty else {
      throw .content(file: file, line: 0, what: "it has no experts to rank")
    }
    var scores: [Int: [Double]] = [:]
    for (layer, experts) in worths {
      scores[layer] = experts.sorted { $0.key < $1.key }.map(\.value)
    }
    try self.init(scores: scores, file: file)
  }
}

extension Sensitivity.Unit {
  /// What the unit suffers from the worst of some types.
  fileprivate func worth(in types: [Int]) -> Double {
    types.compactMap { divergences[$0] }.max() ?? 0
  }
}
