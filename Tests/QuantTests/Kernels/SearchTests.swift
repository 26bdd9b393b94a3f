// SPDX-License-Identifier: MIT
import BlockKernels
import Testing

/// The shapes of the formats, and two that only tests have.
enum Shapes {
  static let affine = [
    SearchShape(
      weights: 32, levels: 15, firstStep: -2, lastStep: 2, steps: 12, bothSides: true, refits: 1),
    SearchShape(
      weights: 32, levels: 31, firstStep: -4, lastStep: 1, steps: 10, bothSides: true, refits: 1),
    SearchShape(
      weights: 16, levels: 3, firstStep: -0.6, lastStep: 1.2, steps: 6, bothSides: false,
      refits: 3),
  ]
  static let symmetric = [
    SearchShape(
      weights: 32, levels: 8, firstStep: -1, lastStep: 2, steps: 8, bothSides: true, refits: 1),
    SearchShape(
      weights: 32, levels: 16, firstStep: -4, lastStep: 2, steps: 16, bothSides: false, refits: 1),
    SearchShape(
      weights: 16, levels: 4, firstStep: -1, lastStep: 2, steps: 1, bothSides: true, refits: 0),
  ]
  static let sharedAffine = [
    SearchShape(
      weights: 32, subBlocks: 8, levels: 15, codes: 63, firstStep: -2, lastStep: 2, steps: 8,
      bothSides: true, rounds: 2),
    SearchShape(
      weights: 16, subBlocks: 16, levels: 3, codes: 15, firstStep: -0.6, lastStep: 1.2, steps: 6,
      bothSides: true, rounds: 2),
  ]
  static let sharedSymmetric = [
    SearchShape(
      weights: 16, subBlocks: 16, levels: 4, codes: 32, firstStep: -1, lastStep: 2, steps: 8,
      bothSides: true),
    SearchShape(
      weights: 16, subBlocks: 16, levels: 32, codes: 128, firstStep: -8, lastStep: 1, steps: 14,
      bothSides: false),
  ]
}

@Suite("Searches against their definition")
struct SearchDefinitionTests {
  @Test(arguments: Shapes.affine.indices, [false, true])
  func `the affine search is its scalar definition`(index: Int, weighted: Bool) {
    let shape = Shapes.affine[index]
    for seed in 1...8 as ClosedRange<UInt64> {
      let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: seed)
      let importance =
        weighted ? KernelTesting.importance(weights.count, seed: seed &+ 100) : nil
      let found = KernelTesting.run(shape, affine: true, weights, importance: importance)
      for lane in 0..<16 {
        let range = lane * shape.weights..<(lane + 1) * shape.weights
        let expected = ScalarSearch(
          Array(weights[range]), importance: importance.map { Array($0[range]) }, shape
        ).affine()
        #expect(found.scales[lane] == expected.scale)
        #expect(found.mins[lane] == expected.min)
        #expect(found.quants[lane] == expected.quants)
      }
    }
  }

  @Test(arguments: Shapes.symmetric.indices, [false, true])
  func `the symmetric search is its scalar definition`(index: Int, weighted: Bool) {
    let shape = Shapes.symmetric[index]
    for seed in 1...8 as ClosedRange<UInt64> {
      let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: seed)
      let importance =
        weighted ? KernelTesting.importance(weights.count, seed: seed &+ 100) : nil
      let found = KernelTesting.run(shape, affine: false, weights, importance: importance)
      for lane in 0..<16 {
        let range = lane * shape.weights..<(lane + 1) * shape.weights
        let expected = ScalarSearch(
          Array(weights[range]), importance: importance.map { Array($0[range]) }, shape
        ).symmetric()
        #expect(found.scales[lane] == expected.scale)
        #expect(found.quants[lane] == expected.quants)
      }
    }
  }
}

@Suite("Lanes of a search")
struct SearchLaneTests {
  @Test(arguments: Shapes.affine.indices, [false, true])
  func `a sub-block alone is as in a group, affine`(index: Int, weighted: Bool) {
    expectIndependence(Shapes.affine[index], affine: true, weighted)
  }

  @Test(arguments: Shapes.symmetric.indices, [false, true])
  func `a sub-block alone is as in a group, symmetric`(index: Int, weighted: Bool) {
    expectIndependence(Shapes.symmetric[index], affine: false, weighted)
  }

  @Test(arguments: Shapes.sharedAffine.indices, [false, true])
  func `a block alone is as in a group, affine`(index: Int, weighted: Bool) {
    expectIndependence(Shapes.sharedAffine[index], affine: true, weighted)
  }

  @Test(arguments: Shapes.sharedSymmetric.indices, [false, true])
  func `a block alone is as in a group, symmetric`(index: Int, weighted: Bool) {
    expectIndependence(Shapes.sharedSymmetric[index], affine: false, weighted)
  }

  /// Searches a whole group, and each of its blocks alone; importance is that of the columns.
  private func expectIndependence(_ shape: SearchShape, affine: Bool, _ weighted: Bool) {
    let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: 21)
    let importance = weighted ? KernelTesting.importance(weights.count, seed: 22) : nil
    let group = KernelTesting.run(shape, affine: affine, weights, importance: importance)
    for first in stride(from: 0, to: 16, by: shape.subBlocks) {
      let last = first + shape.subBlocks
      let block = Array(weights[first * shape.weights..<last * shape.weights])
      let alone = KernelTesting.run(
        shape, affine: affine, block, importance: importance, column: first * shape.weights)
      #expect(alone == group.picking(Array(first..<last)))
    }
  }

  @Test(arguments: [1, 3, 5])
  func `importance begins anew with each row`(subBlocksPerRow: Int) {
    let shape = Shapes.affine[0]
    let columns = subBlocksPerRow * shape.weights
    let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: 31)
    let row = KernelTesting.importance(columns, seed: 32)
    let repeated = (0..<weights.count).map { row[$0 % columns] }
    #expect(
      KernelTesting.run(shape, affine: true, weights, importance: row)
        == KernelTesting.run(shape, affine: true, weights, importance: repeated))
  }

  @Test func `importance that is zero everywhere counts as none`() {
    let shape = Shapes.affine[0]
    let weights = KernelTesting.subBlocks(16, of: shape.weights, seed: 41)
    let zeros = [Float](repeating: 0, count: weights.count)
    #expect(
      KernelTesting.run(shape, affine: true, weights, importance: zeros)
        == KernelTesting.run(shape, affine: true, weights, importance: nil))
  }
}
