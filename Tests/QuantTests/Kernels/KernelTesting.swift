// SPDX-License-Identifier: MIT
import BlockKernels

/// What a search leaves for each sub-block of a group.
struct SearchResult: Equatable {
  var quants: [[UInt8]] = []
  var scales: [Float] = []
  var mins: [Float] = []
  var scaleCodes: [Int8] = []
  var minCodes: [Int8] = []

  /// The results of the given sub-blocks.
  func picking(_ lanes: [Int]) -> SearchResult {
    SearchResult(
      quants: lanes.map { quants[$0] }, scales: lanes.map { scales[$0] },
      mins: lanes.map { mins[$0] }, scaleCodes: lanes.map { scaleCodes[$0] },
      minCodes: lanes.map { minCodes[$0] })
  }
}

enum KernelTesting {
  /// Runs the affine or the symmetric search over up to 16 sub-blocks.
  static func run(
    _ shape: SearchShape, affine: Bool, _ weights: [Float], importance: [Float]? = nil,
    column: Int = 0
  ) -> SearchResult {
    let base = UnsafeMutableRawPointer.allocate(
      byteCount: GroupMemory.byteCount, alignment: GroupMemory.alignment)
    // Nothing may depend on what the memory held before.
    base.initializeMemory(as: UInt8.self, repeating: 0xA5, count: GroupMemory.byteCount)
    defer { base.deallocate() }
    let memory = GroupMemory(at: base)
    let count = weights.count / shape.weights
    weights.withUnsafeBufferPointer { weights in
      (importance ?? []).withUnsafeBufferPointer { columns in
        guard let first = weights.baseAddress else { return }
        let source = GroupSource(
          weights: first, count: count, importance: importance == nil ? nil : columns.baseAddress,
          column: column, rowWeights: importance?.count ?? weights.count)
        if affine {
          searchAffine(source, shape, memory)
        } else {
          searchSymmetric(source, shape, memory)
        }
      }
    }
    var result = SearchResult()
    for lane in 0..<count {
      let quants = UnsafeBufferPointer(
        start: memory.quants + lane * shape.weights, count: shape.weights)
      result.quants.append(Array(quants))
      result.scales.append(memory.scales[lane])
      result.mins.append(affine ? memory.mins[lane] : 0)
      result.scaleCodes.append(shape.subBlocks > 1 ? memory.scaleCodes[lane] : 0)
      result.minCodes.append(shape.subBlocks > 1 && affine ? memory.minCodes[lane] : 0)
    }
    return result
  }

  /// Sub-blocks of many characters: bells, outliers, one-sided ones, constants, tiny and huge ones.
  static func subBlocks(_ count: Int, of weights: Int, seed: UInt64) -> [Float] {
    var random = SplitMix(state: seed)
    return (0..<count).flatMap { index -> [Float] in
      let size = exp2(Float(index % 7) * 2 - 8)
      return (0..<weights).map { position in
        let bell = (0..<4).reduce(Float(0)) { sum, _ in sum + random.unit() } - 2
        switch index % 5 {
        case 0: return bell * size
        case 1: return bell * size * (position == 3 ? 8 : 1)
        case 2: return (bell * 0.2 + 1) * size
        case 3: return (bell * 0.2 - 1) * size
        default: return bell * bell * bell * size
        }
      }
    }
  }

  /// Importance of columns: mostly near 1, a few of them much larger.
  static func importance(_ count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix(state: seed)
    return (0..<count).map { _ in
      let unit = random.unit()
      return 0.05 + unit * unit * unit * 8
    }
  }

  private static func exp2(_ exponent: Float) -> Float {
    Float(sign: .plus, exponent: Int(exponent), significand: 1)
  }
}
