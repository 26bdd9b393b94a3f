// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// One piece of work: some blocks of one output tensor.
struct Slab: Sendable {
  let index: Int
  /// The tensor's index in the plan.
  let tensor: Int
  /// Blocks of the output type, from the start of the tensor; whole rows where they are encoded.
  let blocks: Range<Int>
}

/// Cuts a plan into slabs, always in the same way: the journal counts on it.
struct SlabTable: Sendable {
  /// Small enough that a hundred threads stay within 256 MiB, large enough that calls cost nothing.
  static let weightsPerSlab = 1 << 18
  /// A row is never cut when it is encoded, so that it must fit in memory.
  static let maximumRowWeights = 1 << 24

  private let shapes: [Shape]
  /// The first slab of each tensor, and the number of all slabs at the end.
  private let starts: [Int]

  private struct Shape {
    let blocks: Int
    let blocksPerSlab: Int
  }

  init(_ plan: ModelPlan) throws(QuantError) {
    var shapes: [Shape] = []
    var starts = [0]
    for tensor in plan.tensors {
      let shape = try Self.shape(tensor)
      shapes.append(shape)
      starts.append(
        starts[starts.count - 1] + (shape.blocks + shape.blocksPerSlab - 1) / shape.blocksPerSlab)
    }
    self.shapes = shapes
    self.starts = starts
  }

  private static func shape(_ tensor: ModelPlan.Tensor) throws(QuantError) -> Shape {
    let perBlock = tensor.description.type.layout?.weightsPerBlock ?? 1
    let blocks = tensor.weightCount / perBlock
    guard tensor.action == .encode else {
      return Shape(blocks: blocks, blocksPerSlab: max(1, weightsPerSlab / perBlock))
    }
    guard tensor.rowWeights <= maximumRowWeights else {
      throw .shape(
        tensor: tensor.description.name, expected: "rows of at most \(maximumRowWeights) weights",
        found: "rows of \(tensor.rowWeights)")
    }
    let rows = max(1, weightsPerSlab / max(1, tensor.rowWeights))
    return Shape(blocks: blocks, blocksPerSlab: max(1, rows * tensor.rowWeights / perBlock))
  }

  /// How many slabs there are.
  var count: Int { starts[starts.count - 1] }

  /// The slab of a number.
  ///
  /// - Complexity: O(log *n*) in tensors.
  subscript(index: Int) -> Slab {
    var low = 0
    var high = shapes.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    // Tensors without weights have no slabs: the last of equal starts is the one with some.
    let shape = shapes[low]
    let first = (index - starts[low]) * shape.blocksPerSlab
    return Slab(
      index: index, tensor: low, blocks: first..<min(first + shape.blocksPerSlab, shape.blocks))
  }
}
