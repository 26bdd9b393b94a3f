// SPDX-License-Identifier: MIT

/// One sub-block of 16 rows, as the kernels of error feedback take it.
///
/// Numbers of one column are 16 floats, one a row; from column to column it is `stride` floats.
public struct FeedbackPart {
  /// Columns of the sub-block.
  public var count: Int
  /// Floats from column to column.
  public var stride: Int
  /// The weights to be reached (sweep).
  public var weights: UnsafePointer<Float>
  /// Those, with what the errors of earlier columns add (sweep).
  public var targets: UnsafePointer<Float>
  /// The weights as they are restored now (descent): read and written.
  public var restored: UnsafeMutablePointer<Float>
  /// The values: written by a sweep, read and written by a descent.
  public var values: UnsafeMutablePointer<Float>
  /// Taken from `weights` by the restored ones (sweep); by how much restored weights became less (descent).
  public var errors: UnsafeMutablePointer<Float>
  /// [count][count]: by what an error at column i moves the target of a later column j (sweep); the
  /// quadratic form (descent).
  public var coefficients: UnsafePointer<Float>
  /// For each group of `g` columns the metric of its errors, [g][g].
  public var metrics: UnsafePointer<Float>
  /// The inverses of the metrics (descent).
  public var inverses: UnsafePointer<Float>
  /// (W - restored) · H of the sub-block's columns, packed (descent): read and written.
  public var gradient: UnsafeMutablePointer<Lanes>
  /// Memory for `scratchCount` vectors; it is overwritten.
  public var scratch: UnsafeMutablePointer<Lanes>

  /// Vectors of `scratch` that the kernels need for a sub-block of so many columns.
  public static func scratchCount(columns: Int) -> Int {
    3 * columns + GridFeedbackMemory.count
  }

  /// Describes a sub-block.
  public init(
    count: Int, stride: Int, weights: UnsafePointer<Float>, targets: UnsafePointer<Float>,
    restored: UnsafeMutablePointer<Float>, values: UnsafeMutablePointer<Float>,
    errors: UnsafeMutablePointer<Float>, coefficients: UnsafePointer<Float>,
    metrics: UnsafePointer<Float>, inverses: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Lanes>, scratch: UnsafeMutablePointer<Lanes>
  ) {
    self.count = count
    self.stride = stride
    self.weights = weights
    self.targets = targets
    self.restored = restored
    self.values = values
    self.errors = errors
    self.coefficients = coefficients
    self.metrics = metrics
    self.inverses = inverses
    self.gradient = gradient
    self.scratch = scratch
  }
}

/// The scales and mins that a sweep tries for a sub-block of 16 rows.
public struct FeedbackTrials {
  /// How many.
  public var count: Int
  /// `a` of each; where it is 0, the value is 0, or the level nearest to it.
  public var scales: UnsafePointer<Lanes>
  /// `b` of each.
  public var mins: UnsafePointer<Lanes>

  /// Describes trials.
  public init(count: Int, scales: UnsafePointer<Lanes>, mins: UnsafePointer<Lanes>) {
    self.count = count
    self.scales = scales
    self.mins = mins
  }
}
