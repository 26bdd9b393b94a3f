// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// A branch of a step that both models go through.
struct WalkedBranch {
  let steps: WalkedPair<WalkedStep>
  let index: Int

  /// A model's way through the step.
  func step(of model: WalkedModel) -> WalkedStep {
    model === steps.whole.model ? steps.whole : steps.quantized
  }

  /// What the branch computes.
  func block(of model: WalkedModel) -> BlockGraph {
    step(of: model).plain.step.branches[index].block
  }

  /// What it gives for some rows, its products watched.
  func watched(
    _ rows: Range<Int>, of model: WalkedModel, keeps: Bool
  ) throws(QuantError) -> Matrix {
    try step(of: model).output(index, rows, isWatched: true, keeps: keeps)
  }

  /// What it gives for some rows, for good.
  func output(_ rows: Range<Int>, of model: WalkedModel) throws(QuantError) -> Matrix {
    try step(of: model).output(index, rows, isWatched: false, keeps: true)
  }

  /// Gives that to the step.
  func deliver(_ y: Matrix, _ rows: Range<Int>, of model: WalkedModel) throws(QuantError) {
    try step(of: model).deliver(y, of: index, rows)
  }

  /// The product whose result is the branch's, if there is one.
  func lastProduct(of model: WalkedModel) -> Linear? { block(of: model).lastProduct }
}

extension BlockGraph {
  /// The product whose result is the block's; `nil` if something comes behind the last.
  fileprivate var lastProduct: Linear? {
    switch self {
    case .attention(let graph): graph.output
    case .compressedAttention(let graph): graph.outputUp
    case .dense(let graph): graph.down
    case .deltaNet(let graph): graph.output
    case .mamba(let graph): graph.output
    case .mamba2(let graph): graph.output
    case .shortConvolution(let graph): graph.output
    case .timeMix(let graph): graph.output
    case .channelMix(let graph): graph.receptance == nil ? graph.value : nil
    case .perLayer(let graph): graph.output
    case .product(let linear): linear
    case .mixture, .groupExperts, .lowRank: nil
    }
  }
}
