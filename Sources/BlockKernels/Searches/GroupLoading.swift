// SPDX-License-Identifier: MIT

/// Sub-blocks that lie one after the other in rows of weights: up to 16 for a search by lanes.
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

/// Brings a group into memory: transposed, divided by the block's peak, with a weight for each error.
///
/// The error weight is what a squared error at a weight counts for: importance · (e m + |x|), m being the
/// mean magnitude of the sub-block and e the shape's `evenness`, 3 by default. Importance alone gives
/// the least error by that measure, but least squares then shrinks large weights, and small models
/// came out worse with 2 bits (Q2_K: 9 % more KL divergence). The reference leans towards large
/// weights with importance · √(σ² + x²), and without importance with σ + |x|. This lies half way:
/// from 3 bits up no rule stood out from the noise by much, and the error is no greater than the
/// reference's on any of the test vectors.
///
/// A huge weight among small ones hardly raises the mean, so that nearly all of the error weight would be its
/// own, even where its column matters little. Where shapes ask for it, the mean is taken for a part of the root
/// mean square at least. The part is 0.6: the two are as 0.8 to 1 in a normal and as 0.71 to 1 in a Laplace
/// distribution, for which nothing changes.
///
/// Codebooks' entries are chosen for four or eight weights together, and those of little importance
/// then go far astray. Shapes that damp importance take its power of ¾: KL divergence falls by 3 %
/// on both tiny models, the error rises by 1 %.
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
    mostImportant = larger(memory.errorWeights[index], mostImportant)
  }
  let across = AcrossLanes(memory, shape)
  let unit = Unit(peak: across.peak(peak))
  let importanceUnit = inverse(across.peak(mostImportant))
  var magnitudes = Lanes.zero
  for index in 0..<shape.weights {
    let weight = memory.weights[index] * unit.inverse
    memory.weights[index] = weight
    magnitudes += larger(weight, -weight)
  }
  var base = magnitudes * (shape.evenness / Float(shape.weights))
  if shape.leastMean > 0 {
    base = larger(rootMeanSquare(shape.weights, memory) * (shape.leastMean * shape.evenness), base)
  }
  // Columns that the importance matrix never saw still get sensible quants, and a block of nothing
  // else is searched as if all mattered alike. A power of two changes no bit of what is found.
  let leastImportance = Lanes(repeating: 0x1p-20)
  for index in 0..<shape.weights {
    let weight = memory.weights[index]
    var importance = larger(memory.errorWeights[index] * importanceUnit, leastImportance)
    if shape.dampsImportance {
      let root = importance.squareRoot()
      importance = root * root.squareRoot()
    }
    memory.errorWeights[index] = importance * (base + larger(weight, -weight))
  }
  return unit
}

/// The root mean square of each sub-block's weights, which are loaded.
@inlinable @inline(always)
func rootMeanSquare(_ weights: Int, _ memory: GroupMemory) -> Lanes {
  var squares = Lanes.zero
  for index in 0..<weights { squares += memory.weights[index] * memory.weights[index] }
  return (squares * (1 / Float(weights))).squareRoot()
}

/// Weight i of the sub-block in lane l goes to lane l of vector i; importance likewise.
@inlinable @inline(always)
func transpose(_ source: GroupSource, _ weights: Int, _ memory: GroupMemory) {
  for index in 0..<weights {
    memory.weights[index] = .zero
    memory.errorWeights[index] = Lanes(repeating: 1)
  }
  transpose(source.weights, source.count, weights, to: memory.weights, lane: 0)
  guard let importance = source.importance else { return }
  var lane = 0
  var column = source.column
  while lane < source.count {
    let run = min(source.count - lane, (source.rowWeights - column) / weights)
    transpose(importance + column, run, weights, to: memory.errorWeights, lane: lane)
    lane += run
    column = 0
  }
}

/// Brings `count` sub-blocks that follow each other into the lanes from `lane` on.
@inlinable @inline(always)
func transpose(
  _ source: UnsafePointer<Float>, _ count: Int, _ weights: Int,
  to target: UnsafeMutablePointer<Lanes>, lane first: Int
) {
  let source = UnsafeRawPointer(source)
  let target = UnsafeMutableRawPointer(target) + 4 &* first
  let stride = 4 &* weights
  var lane = 0
  // Squares of four lanes by four weights.
  while lane &+ 4 <= count {
    for index in 0..<weights / 4 {
      let from = source + (lane &* stride &+ 16 &* index)
      let a = from.loadUnaligned(as: SIMD4<Float>.self)
      let b = (from + stride).loadUnaligned(as: SIMD4<Float>.self)
      let c = (from + 2 &* stride).loadUnaligned(as: SIMD4<Float>.self)
      let d = (from + 3 &* stride).loadUnaligned(as: SIMD4<Float>.self)
      let to = target + (256 &* index &+ 4 &* lane)
      store(SIMD4(a.x, b.x, c.x, d.x), to)
      store(SIMD4(a.y, b.y, c.y, d.y), to + 64)
      store(SIMD4(a.z, b.z, c.z, d.z), to + 128)
      store(SIMD4(a.w, b.w, c.w, d.w), to + 192)
    }
    lane &+= 4
  }
  while lane < count {
    for index in 0..<weights {
      let weight = source.loadUnaligned(
        fromByteOffset: lane &* stride &+ 4 &* index, as: Float.self)
      target.storeBytes(of: weight, toByteOffset: 64 &* index &+ 4 &* lane, as: Float.self)
    }
    lane &+= 1
  }
}

/// Stores four numbers at any address.
@inlinable @inline(always)
func store(_ value: SIMD4<Float>, _ target: UnsafeMutableRawPointer) {
  target.storeBytes(of: value, as: SIMD4<Float>.self)
}
