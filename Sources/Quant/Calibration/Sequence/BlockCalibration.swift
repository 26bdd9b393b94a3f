// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Has the matrices of a block calibrated, or of a part of one, whose products are watched: stage by
/// stage, both models compute the block as far as that stage's inputs.
struct BlockCalibration {
  /// Computes some rows of the block by a model, whose products are watched. The last argument tells whether
  /// the states take what the block keeps for later layers.
  typealias Run = (WalkedModel, Range<Int>, Bool) throws(QuantError) -> Matrix

  private let walk: SequentialCalibration
  private let run: Run
  private var whole: WalkedModel { walk.whole }
  private var quantized: WalkedModel { walk.quantized }

  /// Prepares a block.
  init(_ walk: SequentialCalibration, _ run: @escaping Run) {
    self.walk = walk
    self.run = run
  }

  /// Calibrates all that is wanted.
  ///
  /// - Parameter branch: Takes what the block gives; `nil` if that is not needed. In the last stage the
  ///   whole model computes the block to its end, and the quantized one goes on from the last product's
  ///   input, if there is memory to keep that.
  /// - Throws: What the calibrator throws, and what computing throws.
  func run(for branch: WalkedBranch? = nil) throws(QuantError) {
    let stages = try stages()
    for (index, stage) in stages.enumerated() {
      let branch = index == stages.count - 1 ? branch : nil
      let kept = branch.flatMap { keptInput(of: $0, stage) }
      try calibrate(stage, for: branch, kept)
      if let branch { try finish(branch, kept) }
    }
  }

  /// Looks for the products in a run of one window.
  private func stages() throws(QuantError) -> [CalibrationStage] {
    let window = 0..<walk.text.windows.length
    let inputs = try whole.catcher.note(rows: CalibrationStage.comparedRows) {
      () throws(QuantError) in
      _ = try run(whole, window, false)
    }
    return CalibrationStage.stages(of: inputs.filter { walk.pairs.isPending($0.key) })
  }

  private func calibrate(
    _ stage: CalibrationStage, for branch: WalkedBranch?, _ kept: KeptInput?
  ) throws(QuantError) {
    var moments: [SecondMoments] = []
    let debts = branch.flatMap { StateDebts($0, walk) }
    for rows in walk.text.chunks(of: walk.plan.chunk) {
      try QuantError.checkCancellation()
      let debt = try debts?.rows(rows)
      let other = try whole.catcher.catching(stage.wanted, endsEarly: branch == nil) {
        () throws(QuantError) in
        try run(whole, rows, branch != nil)
      }
      if let branch, let y = other.result { try branch.deliver(y, rows, of: whole) }
      let own = try quantized.catcher.catching(stage.wanted, endsEarly: true) {
        () throws(QuantError) in
        try run(quantized, rows, kept != nil)
      }
      for (index, input) in stage.inputs.enumerated() {
        let pairs = try paired(input, own.caught, other.caught)
        if moments.count == index {
          moments.append(
            walk.moments(
              columns: pairs[0].x.columns, of: input.keys[0],
              outputs: isLast(input, debts) ? whole.graph.width : 0))
        }
        for pair in pairs {
          try walk.text.add(
            pair.x, whole: pair.whole, debt: isLast(input, debts) ? debt : nil, of: rows,
            to: moments[index], walk.workers)
        }
        if kept?.key == input.keys[0] { kept?.take(pairs[0].x, rows) }
      }
    }
    for (index, input) in stage.inputs.enumerated() {
      try walk.calibrate(input.keys, moments[index])
    }
  }

  /// Whether an input is that of the product which gives the block's output alone.
  private func isLast(_ input: CalibrationStage.Input, _ debts: StateDebts?) -> Bool {
    debts != nil && input.count == 1 && input.keys == [debts?.key]
  }

  /// What was caught of an input.
  private func paired(
    _ input: CalibrationStage.Input, _ own: [MatrixKey: [Matrix]], _ other: [MatrixKey: [Matrix]]
  ) throws(QuantError) -> [(x: Matrix, whole: Matrix)] {
    let key = input.keys[0]
    guard let own = own[key], let other = other[key], own.count == input.count,
      other.count == input.count
    else {
      throw .mismatch(
        file: quantized.evaluator.model.path,
        what: "it does not multiply tensor \"\(key.tensor)\" as \(whole.evaluator.model.path) does")
    }
    return Array(zip(own, other)).map { (x: $0, whole: $1) }
  }

  // MARK: Outputs

  /// What goes into a block's last product in all rows, where the block gives what that gives.
  private final class KeptInput {
    let linear: Linear
    let key: MatrixKey
    let rows: Matrix

    init(_ linear: Linear, _ key: MatrixKey, rows: Int) {
      self.linear = linear
      self.key = key
      self.rows = Matrix(rows: rows, columns: linear.inputs)
    }

    func take(_ x: Matrix, _ range: Range<Int>) { rows.rows(range).copy(from: x) }
  }

  /// Keeps the input of the last product, if it is of the last stage and there is memory.
  private func keptInput(of branch: WalkedBranch, _ stage: CalibrationStage) -> KeptInput? {
    guard let linear = branch.lastProduct(of: quantized) else { return nil }
    let last = MatrixKey(tensor: linear.tensor.name, matrix: 0)
    guard let input = stage.inputs.first(where: { $0.keys.contains(last) }), input.count == 1,
      walk.plan.canKeep(rows: walk.text.count, columns: linear.inputs)
    else { return nil }
    return KeptInput(linear, input.keys[0], rows: walk.text.count)
  }

  /// Computes the quantized model's output, once its matrices are chosen.
  private func finish(_ branch: WalkedBranch, _ kept: KeptInput?) throws(QuantError) {
    for rows in walk.text.chunks(of: walk.plan.chunk) {
      let y: Matrix
      if let kept {
        y = Matrix(rows: rows.count, columns: quantized.graph.width)
        try LinearProduct(kept.linear, in: quantized.plain).run(kept.rows.rows(rows), into: y)
      } else {
        y = try branch.output(rows, of: quantized)
      }
      try branch.deliver(y, rows, of: quantized)
    }
  }
}
