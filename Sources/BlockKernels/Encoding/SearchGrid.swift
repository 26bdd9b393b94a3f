// SPDX-License-Identifier: MIT

/// A codebook in the order that the grid search wants, made once for each format.
package struct SearchGrid: Sendable {
  /// The tables of `Codebook`, one after the other.
  private let tables: [UInt16]
  private let runCount: Int
  private let entryCount: Int
  /// All values of all entries.
  private let values: [Float]
  private let levels: [Float]
  /// Weights of an entry.
  package let groupWeights: Int

  /// Lays out the groups of eight or four that a format chooses from.
  ///
  /// - Parameters:
  ///   - entries: The values of each entry.
  ///   - levels: Every value that occurs, rising.
  ///   - factor: What a value is multiplied by beside d · (2 s + 1).
  package init<Group: SIMD<Float>>(_ entries: [Group], levels: [Float], factor: Float) {
    let order = GridRuns(entries, levels: levels)
    let runs = order.runs
    var starts = [0]
    var numbers: [Int] = []
    for members in runs.map(\.members) {
      let padding = (4 - members.count % 4) % 4
      numbers += members + members.suffix(1).flatMap { Array(repeating: $0, count: padding) }
      starts.append(numbers.count)
    }
    // Halves are known by the offsets of their costs.
    let size = MemoryLayout<Lanes>.stride
    tables =
      (runs.map { $0.half * size } + starts + numbers.map { order.seconds[$0] * size } + numbers)
      .map { UInt16($0) }
    runCount = runs.count
    entryCount = numbers.count
    values = entries.flatMap { entry in entry.indices.map { entry[$0] * factor } }
    self.levels = levels.map { $0 * factor }
    groupWeights = Group.scalarCount
  }

  /// The values of an entry.
  func values(of entry: Int) -> ArraySlice<Float> {
    values[entry * groupWeights..<(entry + 1) * groupWeights]
  }

  /// Lends the kernel its view of the tables.
  @inline(__always)
  package func withCodebook(_ body: (Codebook) -> Void) {
    unsafe tables.withUnsafeBufferPointer { tables in
      unsafe values.withUnsafeBufferPointer { values in
        unsafe levels.withUnsafeBufferPointer { levels in
          guard let table = tables.baseAddress, let value = values.baseAddress,
            let level = levels.baseAddress
          else { return }
          let book = unsafe Codebook(
            tables: table, runCount: runCount, entryCount: entryCount, values: value,
            levels: level, levelCount: levels.count, groupWeights: groupWeights)
          body(book)
        }
      }
    }
  }
}

/// What the grid search found for one block.
struct FoundGroups: ~Escapable {
  /// The entry of each group.
  let entries: Span<UInt16>
  /// For each eight weights the mask of negative ones.
  let signs: Span<UInt8>
  /// For each group 1 where the shift is negative.
  let shifts: Span<UInt8>
  /// The stored scale of each sub-block.
  let scaleCodes: Span<Int8>
  /// The block's scale.
  let scale: Float

  @_lifetime(copy entries, copy signs, copy shifts, copy scaleCodes)
  init(
    entries: Span<UInt16>, signs: Span<UInt8>, shifts: Span<UInt8>, scaleCodes: Span<Int8>,
    scale: Float
  ) {
    self.entries = entries
    self.signs = signs
    self.shifts = shifts
    self.scaleCodes = scaleCodes
    self.scale = scale
  }
}

/// The memory of a grid search, and the place where spans become pointers.
@safe struct GridSearchMemory: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let memory: GridMemory

  /// Asks for the memory of one group of sub-blocks.
  init() {
    unsafe base = .allocate(byteCount: GridMemory.byteCount, alignment: GridMemory.alignment)
    unsafe memory = GridMemory(at: base)
  }

  deinit { unsafe base.deallocate() }

  /// Searches one group: up to 16 sub-blocks that follow each other.
  ///
  /// - Parameters:
  ///   - grid: The codebook.
  ///   - shape: What is asked of the search.
  ///   - weights: The weights of whole sub-blocks.
  ///   - column: The column of the first weight in its row.
  ///   - rowWeights: Weights a row.
  ///   - importance: One value a column, or none.
  ///   - kernels: The searches of the level to run.
  func run(
    _ grid: SearchGrid, _ shape: GridShape, _ weights: Span<Float>,
    column: Int, rowWeights: Int, importance: Span<Float>?, by kernels: any SearchKernels.Type
  ) {
    let base = shape.base
    precondition(
      weights.count % base.weights == 0 && weights.count <= base.weights * laneCount
        && rowWeights % base.weights == 0 && column % base.weights == 0 && column < rowWeights
        && importance?.count ?? rowWeights == rowWeights)
    unsafe weights.withUnsafeBufferPointer { weights in
      guard let first = weights.baseAddress else { return }
      var source = unsafe GroupSource(
        weights: first, count: weights.count / base.weights, importance: nil, column: column,
        rowWeights: rowWeights)
      guard let importance else {
        return grid.withCodebook { kernels.grid(source, shape, $0, memory) }
      }
      unsafe importance.withUnsafeBufferPointer {
        unsafe source.importance = $0.baseAddress
        grid.withCodebook { kernels.grid(source, shape, $0, memory) }
      }
    }
  }

  /// What the last search found for the `index`-th block of its group.
  @_lifetime(borrow self)
  func found(
    _ index: Int, _ grid: SearchGrid, _ shape: GridShape, gain: Float = 1
  ) -> FoundGroups {
    let shape = shape.base
    let first = index * shape.subBlocks
    precondition(index >= 0 && first + shape.subBlocks <= laneCount)
    let groups = shape.weights / grid.groupWeights
    let octets = shape.weights / 8
    // The ranges lie in the memory, by the precondition, and it lives as long as self is borrowed.
    let entries = unsafe Span(
      _unsafeStart: memory.entries + first * groups, count: shape.subBlocks * groups)
    let shifts = unsafe Span(
      _unsafeStart: memory.shifts + first * groups, count: shape.subBlocks * groups)
    let signs = unsafe Span(
      _unsafeStart: memory.signs + first * octets, count: shape.subBlocks * octets)
    let scaleCodes = unsafe Span(
      _unsafeStart: memory.group.scaleCodes + first, count: shape.subBlocks)
    let found = unsafe FoundGroups(
      entries: entries, signs: signs, shifts: shifts, scaleCodes: scaleCodes,
      scale: min(max(memory.group.scales[first] * gain, -Half.largest), Half.largest))
    return unsafe _overrideLifetime(found, borrowing: self)
  }
}
