// SPDX-License-Identifier: MIT

/// What is known of a whole block, from its sub-blocks' lanes.
///
/// Numbers go through memory, whole vectors in and single numbers out, in plain loops. Taken out of a
/// vector directly, or swapped between lanes, they make the compiler split all that led to them.
@usableFromInline
struct AcrossLanes {
  /// Sub-blocks of one block: 1, 8 or 16.
  @usableFromInline let subBlocks: Int
  @usableFromInline let memory: UnsafeMutableRawPointer

  @inlinable @inline(always)
  init(_ memory: GroupMemory, _ shape: SearchShape) {
    subBlocks = shape.subBlocks
    self.memory = UnsafeMutableRawPointer(memory.spare)
  }

  /// The sum over the sub-blocks of each block, in each of their lanes.
  @inlinable @inline(always)
  func sum(_ value: Lanes) -> Lanes {
    if subBlocks == 1 { return value }
    put(value)
    for first in stride(from: 0, to: laneCount, by: subBlocks) {
      var sum: Float = 0
      for lane in first..<first &+ subBlocks { sum += self[lane] }
      spread(sum, from: first)
    }
    return memory.load(as: Lanes.self)
  }

  /// The largest over the sub-blocks of each block, in each of their lanes.
  @inlinable @inline(always)
  func peak(_ value: Lanes) -> Lanes {
    if subBlocks == 1 { return value }
    put(value)
    for first in stride(from: 0, to: laneCount, by: subBlocks) {
      var peak = self[first]
      for lane in first..<first &+ subBlocks where self[lane] > peak { peak = self[lane] }
      spread(peak, from: first)
    }
    return memory.load(as: Lanes.self)
  }

  /// For each block the rung whose errors, summed over its sub-blocks, are least, in all its lanes.
  /// `errors` holds the errors of each sub-block, a vector a rung.
  @inlinable @inline(always)
  func bestRung(_ errors: UnsafeMutablePointer<Lanes>, of rungs: Int) -> Lanes {
    let errors = UnsafeMutableRawPointer(errors)
    for first in stride(from: 0, to: laneCount, by: subBlocks) {
      var least = Float.infinity
      var best = 0
      for rung in 0..<rungs {
        var sum: Float = 0
        for lane in first..<first &+ subBlocks {
          sum += errors.load(fromByteOffset: 64 &* rung &+ 4 &* lane, as: Float.self)
        }
        if sum < least { (least, best) = (sum, rung) }
      }
      spread(Float(best), from: first)
    }
    return memory.load(as: Lanes.self)
  }

  @inlinable @inline(always)
  func put(_ value: Lanes) { memory.storeBytes(of: value, as: Lanes.self) }

  @inlinable @inline(always)
  subscript(lane: Int) -> Float { memory.load(fromByteOffset: 4 &* lane, as: Float.self) }

  @inlinable @inline(always)
  func spread(_ number: Float, from first: Int) {
    for lane in first..<first &+ subBlocks {
      memory.storeBytes(of: number, toByteOffset: 4 &* lane, as: Float.self)
    }
  }
}

/// Trial factors of a block's half, up to 4 % around 1: rounding all scales of a block to whole numbers of
/// its half goes better with some halves than with others.
@usableFromInline
enum HalfLadder {
  /// How many there are.
  @usableFromInline static let count = GroupMemory.rungs

  /// The factors at the rungs of these numbers.
  @inlinable @inline(always)
  static func factor(_ rung: Lanes) -> Lanes { 1 / (rung * 0.008 + 0.96) }
}
