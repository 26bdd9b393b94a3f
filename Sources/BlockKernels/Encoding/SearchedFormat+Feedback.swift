// SPDX-License-Identifier: MIT

extension SearchedFormat {
  /// How weights are restored, as the search has it.
  public static var feedback: FeedbackShape {
    let shape = search.shape
    return FeedbackShape(
      subBlock: shape.weights, blockWeights: shape.weights * shape.subBlocks,
      codes: search.feedbackCodes, scale: search.scaleRule, min: search.minRule)
  }

  /// Searches as `encode` does.
  public static func begin(
    _ rows: Span<Float>, importance: Span<Float>, effort: Effort, in tile: FeedbackTile,
    by table: KernelTable
  ) {
    checkBegin(rows.count, tile)
    let search = search.at(effort, bits: layout.bitsPerWeight)
    let shape = search.shape
    let blockWeights = shape.weights * shape.subBlocks
    var memory = SearchMemory()
    for start in stride(from: 0, to: rows.count, by: shape.weights * laneCount) {
      let end = min(start + shape.weights * laneCount, rows.count)
      memory.run(
        search, rows.extracting(start..<end), column: start % tile.columns,
        rowWeights: tile.columns, importance: importance, by: table.searches)
      for index in 0..<(end - start) / blockWeights {
        let first = start + index * blockWeights
        search.put(
          memory.found(index, shape), into: tile, row: first / tile.columns,
          column: first % tile.columns)
      }
    }
  }

  /// Packs as `encode` does.
  public static func pack(_ tile: FeedbackTile, row: Int, into blocks: inout MutableRawSpan) {
    let (search, bytes) = (search, layout.bytesPerBlock)
    let (weights, subBlocks) = (layout.weightsPerBlock, search.shape.subBlocks)
    var quants = [UInt8](repeating: 0, count: weights)
    var scaleCodes = [Int8](repeating: 0, count: subBlocks)
    var minCodes = scaleCodes
    for index in 0..<tile.columns / weights {
      for place in 0..<weights {
        quants[place] = search.quant(of: tile.value(row, index * weights + place))
      }
      for part in 0..<subBlocks {
        scaleCodes[part] = Int8(tile.scaleCodes[(index * subBlocks + part) * tile.stride + row])
        minCodes[part] = Int8(tile.minCodes[(index * subBlocks + part) * tile.stride + row])
      }
      let half = tile.half(ofSubBlock: index * subBlocks) + row
      // The blocks of affine formats with halves of their own store what is added, not subtracted.
      let min = subBlocks == 1 ? 0 - tile.mins[half] : tile.mins[half]
      var block = blocks.slice(index * bytes..<(index + 1) * bytes)
      pack(
        FoundBlock(
          quants: quants.span, scaleCodes: scaleCodes.span, minCodes: minCodes.span,
          scale: tile.scales[half], min: min), into: &block)
    }
  }
}

extension FeedbackFormat {
  /// Stops a call whose counts do not fit together.
  static func checkBegin(_ weights: Int, _ tile: FeedbackTile) {
    precondition(
      weights == tile.rows * tile.columns, "\(type): \(weights) weights for \(tile.rows) rows")
  }
}

extension FeedbackTile {
  /// The value of a weight.
  func value(_ row: Int, _ column: Int) -> Float { values[column * stride + row] }
}

extension BlockSearch {
  fileprivate var feedbackCodes: FeedbackCodes {
    switch self {
    case .affine(let shape): .whole(lowest: 0, highest: shape.levels)
    case .symmetric(let shape): .whole(lowest: -shape.levels, highest: shape.levels - 1)
    case .values(_, let table): .table(table)
    }
  }

  fileprivate var scaleRule: ScaleRule {
    guard shape.subBlocks > 1 else { return .half }
    let range =
      if case .affine = self { 0...shape.codes } else { -shape.codes...shape.codes - 1 }
    return .codes(base: 0, step: 1, range: range)
  }

  fileprivate var minRule: MinRule {
    guard case .affine(let shape) = self else { return .none }
    return shape.subBlocks > 1 ? .codes(range: 0...shape.codes) : .half
  }

  /// The value that a stored quant stands for.
  fileprivate func value(of quant: UInt8) -> Float {
    switch self {
    case .affine: Float(quant)
    case .symmetric(let shape): Float(quant) - shape.levels
    case .values(_, let table): table.values[Int(quant)]
    }
  }

  /// The stored quant of a value.
  fileprivate func quant(of value: Float) -> UInt8 {
    switch self {
    case .affine: UInt8(value)
    case .symmetric(let shape): UInt8(value + shape.levels)
    case .values(_, let table):
      UInt8((0..<table.count).first { table.values[$0] >= value } ?? table.count - 1)
    }
  }

  fileprivate func put(_ found: FoundBlock, into tile: FeedbackTile, row: Int, column: Int) {
    for place in 0..<found.quants.count {
      tile.values[(column + place) * tile.stride + row] = value(of: found.quants[place])
    }
    let first = column / shape.weights
    for part in 0..<shape.subBlocks where shape.subBlocks > 1 {
      tile.scaleCodes[(first + part) * tile.stride + row] = Float(found.scaleCodes[part])
      tile.minCodes[(first + part) * tile.stride + row] = Float(found.minCodes[part])
    }
    let half = tile.half(ofSubBlock: first) + row
    tile.scales[half] = found.scale
    tile.mins[half] = shape.subBlocks == 1 ? 0 - found.min : found.min
  }
}
