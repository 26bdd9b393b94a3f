// SPDX-License-Identifier: MIT

/// Up to 16 sub-blocks that lie one after the other in rows of weights.
public struct GroupSource {
  /// The first weight of the first sub-block.
  public var weights: UnsafePointer<Float>
  /// How many sub-blocks there are; the other lanes are filled with zeros.
  public var count: Int
  /// The importance of a row's columns, if known.
  public var importance: UnsafePointer<Float>?
  /// The column of the first weight.
  public var column: Int
  /// Columns of a row.
  public var rowWeights: Int

  /// Describes a group.
  public init(
    weights: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?, column: Int,
    rowWeights: Int
  ) {
    self.weights = weights
    self.count = count
    self.importance = importance
    self.column = column
    self.rowWeights = rowWeights
  }
}

/// What a block's weights were divided by, so that every search works on numbers up to 1: huge
/// weights do not overflow when squared, and tiny ones do not vanish.
public struct Unit {
  /// The block's largest magnitude.
  public var peak: Lanes
  /// Its inverse; zero for a block of zeros, or as good as that.
  public var inverse: Lanes

  /// The unit of blocks with these peaks.
  ///
  /// No half-precision scale can hold a block below 1e-20; down to there, stored scales and their
  /// squares are finite in this unit.
  @inlinable @inline(always)
  init(peak: Lanes) {
    self.peak = peak
    inverse = Lanes.zero.replacing(with: 1 / peak, where: peak .> 1e-20)
  }
}

/// Brings a group into memory: transposed, divided by the block's peak, with the care for each weight.
///
/// The care is importance · √(c σ² + x²), σ² being the mean square of the sub-block. Errors at
/// large weights cost a model more than their square says; this form, of the reference's making, is
/// its compromise, with c = 1. Given importance, c is 4 here: that gives the importance more say,
/// where it was seen to be no worse for the model (KL divergence of small models, Q2_K to Q5_0),
/// while leaving the x² out altogether was, by 5 to 9 % with 2 and 3 bits. Without importance
/// it is 1.
@inlinable @inline(always)
public func loadGroup(
  _ source: GroupSource, _ shape: SearchShape, _ memory: GroupMemory
) -> Unit {
  transpose(source, shape.weights, memory)
  var peak = Lanes.zero
  var mostImportant = Lanes.zero
  for index in 0..<shape.weights {
    let weight = memory.weights[index]
    peak = larger(larger(weight, -weight), peak)
    mostImportant = larger(memory.cares[index], mostImportant)
  }
  let unit = Unit(peak: blockPeak(peak, of: shape.subBlocks))
  let importanceUnit = inverse(blockPeak(mostImportant, of: shape.subBlocks))
  var squares = Lanes.zero
  for index in 0..<shape.weights {
    let weight = memory.weights[index] * unit.inverse
    memory.weights[index] = weight
    squares += weight * weight
  }
  let spread = squares * ((source.importance == nil ? 1 : 4) / Float(shape.weights))
  // Columns that the importance matrix never saw still get sensible quants, and a block of such
  // columns is searched as if there were no matrix.
  let leastImportance = Lanes(repeating: 1e-6)
  for index in 0..<shape.weights {
    let weight = memory.weights[index]
    let importance = larger(memory.cares[index] * importanceUnit, leastImportance)
    memory.cares[index] = importance * (spread + weight * weight).squareRoot()
  }
  return unit
}

/// Weight i of the sub-block in lane l goes to lane l of vector i; importance likewise.
@inlinable @inline(always)
func transpose(_ source: GroupSource, _ weights: Int, _ memory: GroupMemory) {
  let values = UnsafeMutableRawPointer(memory.weights)
  let cares = UnsafeMutableRawPointer(memory.cares)
  var column = source.column
  for lane in 0..<laneCount {
    let used = lane < source.count
    for index in 0..<weights {
      let offset = (index * laneCount + lane) * 4
      let weight = used ? source.weights[lane * weights + index] : 0
      values.storeBytes(of: weight, toByteOffset: offset, as: Float.self)
      let importance = used ? source.importance?[column + index] ?? 1 : 0
      cares.storeBytes(of: importance, toByteOffset: offset, as: Float.self)
    }
    column += weights
    if column == source.rowWeights { column = 0 }
  }
}
