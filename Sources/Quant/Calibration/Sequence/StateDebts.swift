// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// What the output of a branch is to make up for: by how much the quantized model's states differ from the
/// whole model's before it is added to them.
struct StateDebts {
  /// The product that gives the branch's output; `nil` for experts.
  let key: MatrixKey?
  private let walk: SequentialCalibration
  /// What the branch's output is multiplied with before it is added.
  private let factor: Float

  /// `nil` for branches whose output is not simply added: there a change of it would do something else.
  init?(_ branch: WalkedBranch, _ walk: SequentialCalibration) {
    let step = branch.steps.quantized.plain.step
    let own = step.branches[branch.index]
    guard case .residual = step.connection, step.branches.count == 1, step.postNorm == nil,
      own.postNorm == nil, step.outputNorm == nil, step.secondOutputNorm == nil,
      step.outputCopy == nil
    else { return nil }
    factor = step.scale * own.scale * step.sumScale
    guard factor != 0 else { return nil }
    if own.block.mixture != nil {
      key = nil
    } else {
      guard let linear = branch.lastProduct(of: walk.quantized) else { return nil }
      key = MatrixKey(tensor: linear.tensor.name, matrix: 0)
    }
    self.walk = walk
  }

  /// Of some tokens.
  func rows(_ range: Range<Int>) throws(QuantError) -> Matrix {
    let difference = Matrix(rows: range.count, columns: walk.whole.graph.width)
    difference.clear()
    let context = walk.whole.plain
    try context.add(states(walk.whole).rows(range), times: 1 / factor, to: difference)
    try context.add(states(walk.quantized).rows(range), times: -1 / factor, to: difference)
    return difference
  }

  private func states(_ model: WalkedModel) -> Matrix {
    model.plain.layout.stream(of: model.states)
  }
}
