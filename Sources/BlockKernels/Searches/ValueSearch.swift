// SPDX-License-Identifier: MIT

/// The values that a code can stand for, rising, with the midpoints between neighbours.
public struct ValueTable: @unchecked Sendable {
  /// The values, `count` of them.
  @usableFromInline let values: UnsafePointer<Float>
  /// `count` - 1 midpoints: from number i on, value i + 1 is nearer than value i.
  @usableFromInline let midpoints: UnsafePointer<Float>
  /// How many values there are: up to 16.
  @usableFromInline let count: Int

  /// Copies values, rising, to memory that stays.
  init(_ values: [Float]) {
    self.values = lasting(values)
    midpoints = lasting(zip(values, values.dropFirst()).map { ($0 + $1) / 2 })
    count = values.count
  }
}

/// A group in which weights are restored as scale · value[q], the scale of either sign.
@usableFromInline
struct ValueGroup: ScaledGroup {
  @usableFromInline let memory: GroupMemory
  @usableFromInline let table: ValueTable
  @usableFromInline let weights: Int
  /// Knows the extremes, and w x in `memory.derived`.
  @usableFromInline let symmetric: SymmetricGroup

  @inlinable @inline(always)
  init(_ memory: GroupMemory, _ shape: SearchShape, _ table: ValueTable) {
    self.memory = memory
    self.table = table
    weights = shape.weights
    symmetric = SymmetricGroup(memory, shape)
  }

  /// The nearest value to each number: the last one whose lower midpoint the number exceeds.
  @inlinable @inline(always)
  func nearest(_ number: Lanes) -> Lanes {
    var value = Lanes(repeating: table.values[0])
    for code in 1..<table.count {
      value.replace(
        with: Lanes(repeating: table.values[code]), where: number .> table.midpoints[code - 1])
    }
    return value
  }

  /// Rounds x · inverse to the table's values and fits the scale to them, as `SymmetricGroup` does.
  @inlinable @inline(always)
  func fit(inverse: Lanes) -> SymmetricFit {
    var result = SymmetricFit()
    for index in 0..<weights {
      let value = nearest(memory.weights[index] * inverse)
      result.qx += memory.derived[index] * value
      result.qq += memory.errorWeights[index] * value * value
    }
    result.scale = ratio(result.qx, result.qq)
    result.gain = result.scale * result.qx
    return result
  }

  /// The best of a ladder of trial scales.
  @inlinable @inline(always)
  func search(_ shape: SearchShape) -> SymmetricFit {
    var best = SymmetricFit()
    let unit = inverse(symmetric.extreme)
    for trial in 0..<shape.steps * 2 {
      // The table reaches further down than up, so the extreme is also tried as a negative number.
      let span = shape.span(trial / 2)
      best.improve(by: fit(inverse: unit * (trial % 2 == 0 ? -span : span)))
    }
    for _ in 0..<shape.refits { best.improve(by: fit(inverse: inverse(best.scale))) }
    return best
  }

  /// Rounds with the scales that were settled on and stores the codes.
  @inlinable @inline(always)
  func store(inverse: Lanes) {
    for index in 0..<weights {
      let number = memory.weights[index] * inverse
      var code = Lanes(repeating: 8_388_608)
      for midpoint in 0..<table.count - 1 {
        code.replace(
          with: Lanes(repeating: 8_388_609 + Float(midpoint)),
          where: number .> table.midpoints[midpoint])
      }
      // In 2²³ + code, the lowest byte is the code.
      let bits = unsafeBitCast(code, to: SIMD16<UInt32>.self)
      for lane in 0..<laneCount {
        memory.quants[lane * weights + index] = UInt8(truncatingIfNeeded: bits[lane])
      }
    }
  }
}

/// Finds codes for weights that are restored as scale · value[q], and stores all of it.
///
/// With one sub-block a block, the scale is its own half. Otherwise it is d · s: a half d for the
/// block, a whole number s of either sign for each sub-block.
@inlinable @inline(always)
public func searchValues(
  _ source: GroupSource, _ shape: SearchShape, _ table: ValueTable, _ memory: GroupMemory
) {
  let unit = loadGroup(source, shape, memory)
  let group = ValueGroup(memory, shape, table)
  let fit = group.search(shape)
  var scale = fit.scale
  if shape.subBlocks > 1 {
    let shared = SharedSymmetric(group.symmetric, fit, shape)
    scale = shared.settle(group, unit, rounds: shape.rounds)
  } else {
    scale = storeHalves(scale, unit, to: memory.scales)
  }
  group.store(inverse: inverse(scale))
}
