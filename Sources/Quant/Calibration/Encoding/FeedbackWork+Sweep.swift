// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import QuantEvaluation
internal import QuantModels

extension FeedbackWork {
  /// Chooses scales, mins and values of all columns in their order, each sub-block's with the errors of
  /// those before it pushed onto it.
  func sweep() throws(QuantError) {
    moving.copy(from: weights)
    let all = panels
    for (index, panel) in all.enumerated() {
      for subBlock in subBlocks(of: panel) {
        let columns = columns(of: subBlock)
        memory.load(moments.coefficients, columns)
        for row in groups { sweep(subBlock, columns, row) }
        try push(
          moments.coefficients, from: columns, to: columns.upperBound..<panel.upperBound)
      }
      for later in all[(index + 1)...] {
        try push(moments.coefficients, from: panel, to: later)
      }
    }
  }

  private func sweep(_ subBlock: Int, _ columns: Range<Int>, _ row: Int) {
    let state = scaleState(subBlock, row)
    let trials = shape.trials(around: state)
    unsafe trials.scales.withUnsafeBufferPointer { scales in
      unsafe trials.mins.withUnsafeBufferPointer { mins in
        guard let scale = scales.baseAddress, let min = mins.baseAddress else { return }
        let best = kernels.sweep(
          part(columns, row, metrics: moments.metrics), shape.codes,
          unsafe FeedbackTrials(count: scales.count, scales: scale, mins: min))
        keep(trials, best, subBlock, row)
      }
    }
  }

  private func keep(_ trials: ScaleTrials, _ best: Lanes, _ subBlock: Int, _ row: Int) {
    var state = scaleState(subBlock, row)
    for lane in 0..<laneCount { trials.take(Int(best[lane]), lane, into: &state) }
    put(state, subBlock, row)
  }

  /// Scale and min of a sub-block, in 16 rows.
  func scaleState(_ subBlock: Int, _ row: Int) -> ScaleState {
    let (code, half) = (subBlock * tile.stride + row, tile.half(ofSubBlock: subBlock) + row)
    return unsafe ScaleState(
      shape, scaleCode: lanes(tile.scaleCodes + code), minCode: lanes(tile.minCodes + code),
      scale: lanes(tile.scales + half), min: lanes(tile.mins + half))
  }

  /// Stores scale and min of a sub-block.
  func put(_ state: ScaleState, _ subBlock: Int, _ row: Int) {
    let (code, half) = (subBlock * tile.stride + row, tile.half(ofSubBlock: subBlock) + row)
    for lane in 0..<laneCount {
      unsafe tile.scaleCodes[code + lane] = state.scaleCode[lane]
      unsafe tile.minCodes[code + lane] = state.minCode[lane]
      unsafe tile.scales[half + lane] = state.scale[lane]
      unsafe tile.mins[half + lane] = state.min[lane]
    }
  }
}

/// The 16 numbers at an address.
@unsafe func lanes(_ source: UnsafePointer<Float>) -> Lanes {
  unsafe UnsafeRawPointer(source).loadUnaligned(as: Lanes.self)
}

/// The 16 numbers at an address.
@unsafe func lanes(_ source: UnsafeMutablePointer<Float>) -> Lanes {
  unsafe lanes(UnsafePointer(source))
}
