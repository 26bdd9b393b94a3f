// SPDX-License-Identifier: MIT
public import GGUF
internal import QuantModels
public import QuantPlanning

/// What a plan may choose from.
public struct AllocationRules: Sendable {
  /// A type for every expert, or one for all experts of a layer and projection.
  public var layout: ExpertLayout
  /// The types allowed; `nil` for all that were measured.
  public var types: Set<TensorType>?
  /// Patterns of tensors that must have at least as many bits as a type; the first match decides.
  public var minimums: [TypeRule]
  /// Whether variants are written with calibration, so that types do less damage than was measured.
  public var isCalibrated: Bool

  /// Makes rules.
  public init(
    layout: ExpertLayout, types: Set<TensorType>? = nil, minimums: [TypeRule] = [],
    isCalibrated: Bool = false
  ) {
    self.layout = layout
    self.types = types
    self.minimums = minimums
    self.isCalibrated = isCalibrated
  }

  /// What part of the measured damage a type does to a unit.
  func remaining(_ type: TensorType, of unit: Sensitivity.Unit) -> Double {
    isCalibrated ? CalibrationGain.remaining(type, of: unit) : 1
  }

  /// Whether a unit may have a type.
  func allows(_ type: TensorType, for unit: Sensitivity.Unit, isKept: Bool = false) -> Bool {
    guard isKept || types.map({ $0.contains(type) }) ?? true else { return false }
    guard let rule = minimums.first(where: { $0.matches(unit) }),
      case .type(let least) = rule.choice
    else { return true }
    return (type.layout?.bitsPerWeight ?? 0) >= (least.layout?.bitsPerWeight ?? 0)
  }
}

extension TypeRule {
  /// Whether the rule speaks of a unit of a model.
  fileprivate func matches(_ unit: Sensitivity.Unit) -> Bool {
    guard let experts else { return matches(unit.tensor) || matches(unit.mergedName) }
    guard let name = ExpertTensorName(unit.tensor), let expert = unit.expert else { return false }
    return experts.covers(name) && experts.experts.contains(expert)
  }
}
