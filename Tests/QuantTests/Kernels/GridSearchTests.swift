// SPDX-License-Identifier: MIT
import BlockKernels
import Quant
import Testing

/// A codebook with the kind of signs that a format has.
struct GridCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let grid: SearchGrid
  let values: [[Float]]
  let shape: GridShape

  init<Group: SIMD<Float>>(
    _ name: String, _ entries: [Group], _ levels: [Float], _ factor: Float, weights: Int,
    _ signs: GridSigns
  ) {
    testDescription = name
    grid = SearchGrid(entries, levels: levels, factor: factor)
    values = entries.map { entry in entry.indices.map { entry[$0] * factor } }
    shape = GridShape(
      SearchShape(
        weights: weights, subBlocks: 256 / weights, levels: (levels.last ?? 1) * factor, codes: 15,
        firstStep: 0, lastStep: 3, steps: 4, bothSides: false, rounds: 1),
      signs: signs, closeTrials: 3)
  }

  static let all = [
    GridCase("IQ2_XXS", IQ2_XXSGrid.entries, IQ2_XXSGrid.levels, 0.125, weights: 32, .even),
    GridCase("IQ2_XS", IQ2_XSGrid.entries, IQ2_XSGrid.levels, 0.125, weights: 16, .even),
    GridCase("IQ2_S", IQ2_SGrid.entries, IQ2_SGrid.levels, 0.125, weights: 16, .free),
    GridCase("IQ3_XXS", IQ3_XXSGrid.entries, IQ3_XXSGrid.levels, 0.25, weights: 32, .even),
    GridCase("IQ3_S", IQ3_SGrid.entries, IQ3_SGrid.levels, 1, weights: 32, .free),
    GridCase("IQ1_S", IQ1_SGrid.entries, IQ1_SGrid.levels, 1, weights: 32, .shifted),
    GridCase("IQ1_M", IQ1_SGrid.entries, IQ1_SGrid.levels, 1, weights: 16, .groupShifted),
  ]
}

/// What a search found for 16 sub-blocks of random weights, as plain numbers.
struct GridRun {
  let weights: [Float]
  let memory: GridMemory
  let shape: GridShape
  let groupWeights: Int
  private let base: UnsafeMutableRawPointer

  init(_ example: GridCase, seed: UInt64) {
    shape = example.shape
    groupWeights = example.grid.groupWeights
    let count = shape.base.weights * laneCount
    weights = FormatTesting.rows(1, of: count, seed: seed)
    let importance = FormatTesting.rows(1, of: count, seed: seed + 1).map { $0.magnitude + 0.01 }
    base = .allocate(byteCount: GridMemory.byteCount, alignment: GridMemory.alignment)
    memory = GridMemory(at: base)
    weights.withUnsafeBufferPointer { weights in
      importance.withUnsafeBufferPointer { importance in
        guard let first = weights.baseAddress else { return }
        let source = GroupSource(
          weights: first, count: laneCount, importance: importance.baseAddress, column: 0,
          rowWeights: count)
        example.grid.withCodebook { searchGrid(source, shape, $0, memory) }
      }
    }
  }

  func free() { base.deallocate() }

  /// Groups of one sub-block.
  var groups: Int { shape.base.weights / groupWeights }

  /// The sub-block's scale, as the weights in memory are scaled.
  func scale(_ lane: Int) -> Float {
    let first = lane * shape.base.weights / 256 * 256
    let peak = weights[first..<first + 256].reduce(0) { max($0, $1.magnitude) }
    return memory.group.scales[lane] * Float(2 * memory.group.scaleCodes[lane] + 1) / peak
  }

  /// Minus one where weight `index` of a sub-block was given a minus, else one.
  func sign(_ lane: Int, _ index: Int) -> Float {
    if shape.signs.hasShift { return 1 }
    let mask = memory.signs[lane * (shape.base.weights / 8) + index / 8]
    return mask >> (index % 8) & 1 == 1 ? -1 : 1
  }

  /// The error of a group if its values were those.
  func error(_ lane: Int, _ group: Int, _ values: [Float]) -> Float {
    let shift: Float =
      !shape.signs.hasShift ? 0 : memory.shifts[lane * groups + group] == 1 ? -0.125 : 0.125
    let scale = scale(lane)
    return values.indices.reduce(0) { sum, index in
      let weight = group * groupWeights + index
      let restored = scale * (values[index] + shift) * sign(lane, weight)
      let rest = memory.group.weights[weight][lane] - restored
      return sum + memory.group.errorWeights[weight][lane] * rest * rest
    }
  }
}

extension GridRun {
  /// The error of a sub-block if each group had its best entry.
  func leastError(_ lane: Int, of entries: [[Float]]) -> Float {
    (0..<groups).reduce(0) { sum, group in
      sum + entries.reduce(.infinity) { min($0, error(lane, group, $1)) }
    }
  }
}

extension GridSigns {
  /// Whether values are shifted instead of signed.
  var hasShift: Bool { self == .shifted || self == .groupShifted }
}

@Suite("Grid search")
struct GridSearchTests {
  @Test(arguments: GridCase.all, [1, 2, 3] as [UInt64])
  func `no entry of the whole codebook is nearer than the one found`(
    example: GridCase, seed: UInt64
  ) {
    let run = GridRun(example, seed: 100 * seed)
    defer { run.free() }
    for lane in 0..<laneCount {
      for group in 0..<run.groups {
        let entry = Int(run.memory.entries[lane * run.groups + group])
        let found = run.error(lane, group, example.values[entry])
        let least = example.values.reduce(Float.infinity) {
          min($0, run.error(lane, group, $1))
        }
        #expect(found <= least * 1.001 + 1e-6)
      }
    }
  }

  /// Each sub-block's scale is tried with its neighbours only, so the bound holds for their sum.
  @Test(arguments: GridCase.all, [4, 5] as [UInt64])
  func `the scales are close to the best under their half`(example: GridCase, seed: UInt64) {
    let run = GridRun(example, seed: 100 * seed)
    defer { run.free() }
    var found: Float = 0
    var best: Float = 0
    for lane in 0..<laneCount {
      let code = run.memory.group.scaleCodes[lane]
      found += run.leastError(lane, of: example.values)
      best += (0...15).map { (other: Int8) in
        run.memory.group.scaleCodes[lane] = other
        return run.leastError(lane, of: example.values)
      }.reduce(.infinity, min)
      run.memory.group.scaleCodes[lane] = code
    }
    #expect(found <= best * 1.05)
  }

  @Test(arguments: GridCase.all.filter { !$0.shape.signs.hasShift })
  func `signs are those of the weights, or even in number`(example: GridCase) {
    let run = GridRun(example, seed: 7)
    defer { run.free() }
    for octet in 0..<run.weights.count / 8 {
      let mask = run.memory.signs[octet]
      let wanted = (0..<8).reduce(UInt8(0)) { mask, index in
        mask | (run.weights[8 * octet + index] < 0 ? 1 << UInt8(index) : 0)
      }
      if example.shape.signs == .even {
        #expect(mask.nonzeroBitCount % 2 == 0)
        #expect((mask ^ wanted).nonzeroBitCount == wanted.nonzeroBitCount % 2)
      } else {
        #expect(mask == wanted)
      }
    }
  }
}
