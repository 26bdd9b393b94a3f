// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// What observers are told of the matrices that make each head's values of latent vectors.
///
/// A head's answer is its matrix times the latent vectors as the head's scores mix them. So the mixes
/// are the inputs that errors of the matrix are weighed with, though values are made before they are
/// mixed here.
struct LatentValues: Sendable {
  /// The latent vectors.
  let vectors: Matrix
  private let tensor: TensorInfo

  /// Heads whose mixes lie in memory at once: all take more than keys and values.
  private static let headsAtOnce = 16

  /// Nothing if one matrix makes keys and values: it takes the latent vectors as they are.
  init?(_ latent: LatentAttention, _ vectors: Matrix) {
    guard case .perHead(_, let tensor) = latent.expansion else { return nil }
    self.vectors = vectors
    self.tensor = tensor
  }

  /// Numbers a row that a pass needs.
  static func scratchColumns(_ latent: LatentAttention, _ graph: AttentionGraph) -> Int {
    guard case .perHead = latent.expansion else { return 0 }
    return min(graph.heads, headsAtOnce) * latent.latent
  }

  /// Tells the observer of each head, some heads at a time, once `body` has made their mixes.
  func forGroups(
    rows: Int, _ context: ForwardContext,
    _ body: (Range<Int>, Matrix) throws(QuantError) -> Void
  ) throws(QuantError) {
    let (heads, size) = (tensor.matrixCount, vectors.columns)
    let mixed = Matrix(rows: rows, columns: min(heads, Self.headsAtOnce) * size)
    for first in stride(from: 0, to: heads, by: Self.headsAtOnce) {
      let group = first..<min(first + Self.headsAtOnce, heads)
      try body(group, mixed)
      for (place, head) in group.enumerated() {
        try context.observer?.observe(
          tensor, matrix: head, input: mixed.columns(place * size..<(place + 1) * size),
          windows: context.windows(of: rows), workers: context.workers)
      }
    }
  }
}
