// SPDX-License-Identifier: MIT

/// How a format restores weights, as error feedback needs to know it: weight = a · value - b.
///
/// `a` and `b` are shared by a sub-block of weights; values come from a list of levels, or several at a
/// time from a codebook.
public struct FeedbackShape: Sendable {
  /// Weights that share a scale: 8 at least, and a divisor of `blockWeights`.
  public var subBlock: Int
  /// Weights of a block, which share what is stored in half precision.
  public var blockWeights: Int
  /// What values there are.
  public var codes: FeedbackCodes
  /// How `a` is stored.
  public var scale: ScaleRule
  /// How `b` is stored.
  public var min: MinRule

  /// Describes a format.
  public init(
    subBlock: Int, blockWeights: Int, codes: FeedbackCodes, scale: ScaleRule, min: MinRule = .none
  ) {
    self.subBlock = subBlock
    self.blockWeights = blockWeights
    self.codes = codes
    self.scale = scale
    self.min = min
  }

  /// Weights whose values are chosen together: 1, or a codebook's group (8 where signs tie two groups).
  public var group: Int {
    switch codes {
    case .whole, .table: 1
    case .grid(let grid): grid.group
    }
  }
}

/// What values a format has.
public enum FeedbackCodes: Sendable {
  /// Whole numbers.
  case whole(lowest: Float, highest: Float)
  /// Up to 16 numbers.
  case table(ValueTable)
  /// Groups of numbers from a codebook.
  case grid(FeedbackGrid)
}

/// How the scale of a sub-block is stored.
public enum ScaleRule: Sendable {
  /// a = d · (base + step · code), `d` being a half that the block shares.
  case codes(base: Float, step: Float, range: ClosedRange<Float>)
  /// a = a half of the sub-block's own, which is a block.
  case half
  /// a = a power of two of the sub-block's own.
  case power(range: ClosedRange<Int>)
  /// a = one of these positive numbers, rising, by a code of the sub-block's own.
  case listed([Float])
}

/// How the min of a sub-block is stored.
public enum MinRule: Sendable {
  /// There is none: b = 0.
  case none
  /// b = e · code, `e` being a half that the block shares.
  case codes(range: ClosedRange<Float>)
  /// b = a half of the sub-block's own, which is a block; the block stores -b.
  case half
}
