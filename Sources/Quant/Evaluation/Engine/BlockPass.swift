// SPDX-License-Identifier: MIT
internal import QuantModels

/// What a block of a step works on.
package struct BlockInput {
  /// Its input, normed: rows of whole windows.
  package let h: Matrix
  /// The step's input before any norm.
  let raw: Matrix
  /// The states that this is of.
  let states: Matrix
  /// Whether what the block keeps for later layers is written into the states.
  let keeps: Bool
}

extension BlockInput {
  /// Rows alone, for blocks that look at nothing else.
  package init(_ h: Matrix) { self.init(h: h, raw: h, states: h, keeps: false) }
}

/// Computes one kind of block, over rows of whole windows.
protocol BlockPass: Sendable {
  /// Computes the block's output for every row.
  func run(_ input: BlockInput, into y: Matrix) throws(QuantError)
}

extension BlockGraph {
  /// Prepares what computes the block; `nil` for experts, which `ExpertLayerPass` computes.
  func pass(
    positions: Range<Int>, in context: ForwardContext
  ) throws(QuantError) -> (any BlockPass)? {
    switch self {
    case .attention(let graph): try AttentionPass(graph, positions: positions, in: context)
    case .compressedAttention(let graph):
      try CompressedAttentionPass(graph, positions: positions, in: context)
    case .dense(let graph): FeedForwardPass(context: context, graph: graph)
    case .mixture: nil
    case .groupExperts(let graph): GroupExpertsPass(context: context, graph: graph)
    case .deltaNet(let graph): try DeltaNetPass(graph, positions: positions, in: context)
    case .mamba(let graph): try MambaPass(graph, positions: positions, in: context)
    case .mamba2(let graph): try Mamba2Pass(graph, positions: positions, in: context)
    case .shortConvolution(let graph):
      try ShortConvolutionPass(graph, positions: positions, in: context)
    case .timeMix(let graph): try TimeMixPass(graph, positions: positions, in: context)
    case .channelMix(let graph): try ChannelMixPass(graph, positions: positions, in: context)
    case .lowRank(let graph): try LowRankPass(graph, positions: positions, in: context)
    case .perLayer(let graph): try PerLayerPass(graph, positions: positions, in: context)
    case .product(let linear): ProductPass(product: LinearProduct(linear, in: context))
    }
  }

  /// Numbers a row that a pass needs beside its input and output.
  var scratchColumns: Int {
    switch self {
    case .attention(let graph): AttentionPass.scratchColumns(graph)
    case .compressedAttention(let graph): CompressedAttentionPass.scratchColumns(graph)
    case .dense(let graph): FeedForwardPass.scratchColumns(graph)
    case .mixture(let graph): ExpertLayerPass.scratchColumns(graph)
    case .groupExperts(let graph): GroupExpertsPass.scratchColumns(graph)
    case .deltaNet(let graph): DeltaNetPass.scratchColumns(graph)
    case .mamba(let graph): MambaPass.scratchColumns(graph)
    case .mamba2(let graph): Mamba2Pass.scratchColumns(graph)
    case .shortConvolution(let graph): ShortConvolutionPass.scratchColumns(graph)
    case .timeMix(let graph): TimeMixPass.scratchColumns(graph)
    case .channelMix(let graph): ChannelMixPass.scratchColumns(graph)
    case .lowRank(let graph): LowRankPass.scratchColumns(graph)
    case .perLayer(let graph): PerLayerPass.scratchColumns(graph)
    case .product: 0
    }
  }
}

/// One product.
private struct ProductPass: BlockPass {
  let product: LinearProduct

  func run(_ input: BlockInput, into y: Matrix) throws(QuantError) {
    try product.run(input.h, into: y)
  }
}
