// SPDX-License-Identifier: MIT

/// How encoders choose codes by what goes into a matrix.
public struct CalibrationSettings: Sendable, Hashable {
  /// What is added to the diagonal of second moments, as a part of its mean, where text is plenty;
  /// more where it is not.
  public var damping = 0.03
  /// How far weights are moved towards those that undo the error of the layers before: 0 to 1.
  public var repair = 0.75
  /// How far outputs that are added to the states make up for the error in those: 0 to 1.
  public var debtRepair = 0.75
  /// The most passes of coordinate descent.
  public var passes = 3

  /// The settings that results are promised for.
  public init() {}
}
