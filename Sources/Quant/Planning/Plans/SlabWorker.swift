// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF
internal import QuantModels

/// Makes the bytes of one slab after the other, in buffers of its own: one worker a thread.
struct SlabWorker {
  private let plan: ModelPlan
  private let importance: ImportanceMatrix?
  private let ranges: WeightRanges
  /// Whether weights beyond the range of their type are an error.
  private let isStrict: Bool
  private var lastEntry: (tensor: Int, entry: ImportanceMatrix.Entry?)?
  private var weights: [Float] = []
  private var decoded: [Float] = []
  /// The bytes of the slab made last.
  private(set) var bytes: [UInt8] = []
  /// The weights of the slab made last that its type cannot hold.
  private(set) var loss = WeightLoss()

  init(plan: ModelPlan, importance: ImportanceMatrix?, ranges: WeightRanges, isStrict: Bool) {
    self.plan = plan
    self.importance = importance
    self.ranges = ranges
    self.isStrict = isStrict
  }

  /// Makes a slab's bytes, looks through them, and measures the error in them.
  mutating func make(_ slab: Slab) throws(QuantError) -> SquaredError {
    let tensor = plan.tensors[slab.tensor]
    guard let layout = tensor.description.type.layout else {
      throw .unsupported(
        "tensor \"\(tensor.description.name)\" has \(tensor.description.type.inWords),"
          + " whose bytes cannot be handled")
    }
    resize(&bytes, slab.blocks.count * layout.bytesPerBlock, 0)
    loss = WeightLoss()
    var error = SquaredError()
    switch tensor.action {
    case .copy: try copy(slab, tensor, layout)
    case .encode: error = try encode(slab, tensor, layout)
    }
    try check(slab, tensor, layout)
    return error
  }

  /// Looks through a slab's bytes as something else has left them, and measures the error in them.
  mutating func measure(_ slab: Slab, _ written: [UInt8]) throws(QuantError) -> SquaredError {
    let tensor = plan.tensors[slab.tensor]
    guard let layout = tensor.description.type.layout else { return SquaredError() }
    bytes = written
    try check(slab, tensor, layout)
    guard tensor.action == .encode else { return SquaredError() }
    return try encode(slab, tensor, layout, isEncoded: true)
  }

  /// Refuses to hand on damage: what is written is what an encoder may write.
  private func check(
    _ slab: Slab, _ tensor: ModelPlan.Tensor, _ layout: TensorType.Layout
  ) throws(QuantError) {
    guard let format = FormatRegistry.format(of: tensor.description.type),
      let (index, fault) = unsafe BlockCheck.firstFault(in: bytes.span.bytes, of: format)
    else { return }
    let block = slab.blocks.lowerBound + index
    let weight = block * layout.weightsPerBlock
    let width = max(1, tensor.rowWeights)
    let origin =
      tensor.action == .copy
      ? "; a damaged tensor is not copied (verifying the model shows all)" : ""
    throw .tensor(
      name: tensor.description.name,
      place: "block \(block) (row \(weight / width), column \(weight % width)), \(fault.field)",
      expected: fault.expected, found: fault.found + origin)
  }

  private func resize<T>(_ array: inout [T], _ count: Int, _ zero: T) {
    if array.count < count {
      array.append(contentsOf: repeatElement(zero, count: count - array.count))
    } else {
      array.removeLast(array.count - count)
    }
  }

  // MARK: Copying

  private mutating func copy(
    _ slab: Slab, _ tensor: ModelPlan.Tensor, _ layout: TensorType.Layout
  ) throws(QuantError) {
    let blocksPerRow = tensor.sliceRowWeights / layout.weightsPerBlock
    let source = plan.source
    var done = 0
    var sliceStart = 0
    for slice in tensor.slices {
      let range = sliceStart..<sliceStart + slice.rows.count * blocksPerRow
      sliceStart = range.upperBound
      let part = slab.blocks.clamped(to: range)
      guard !part.isEmpty else { continue }
      let first = slice.rows.lowerBound * blocksPerRow + part.lowerBound - range.lowerBound
      let place = done * layout.bytesPerBlock
      done += part.count
      var target = bytes.mutableSpan
      var raw = unsafe target.mutableBytes
      var window = raw.slice(
        place..<place + part.count * layout.bytesPerBlock)
      try source.readBlocks(
        of: source.tensors[slice.tensor], at: first * layout.bytesPerBlock, into: &window)
    }
  }

  // MARK: Encoding

  /// Encodes a slab, unless its bytes are there already, and measures the error in them.
  private mutating func encode(
    _ slab: Slab, _ tensor: ModelPlan.Tensor, _ layout: TensorType.Layout, isEncoded: Bool = false
  ) throws(QuantError) -> SquaredError {
    let blocksPerRow = tensor.rowWeights / layout.weightsPerBlock
    let rows = slab.blocks.lowerBound / blocksPerRow..<slab.blocks.upperBound / blocksPerRow
    resize(&weights, rows.count * tensor.rowWeights, 0)
    resize(&decoded, rows.count * tensor.rowWeights, 0)
    var error = SquaredError()
    var done = 0
    for segment in try segments(of: tensor, rows: rows) {
      let part = done..<done + segment.rows.count
      error.add(
        try encode(
          segment, tensor, part, bytesPerRow: blocksPerRow * layout.bytesPerBlock,
          isEncoded: isEncoded))
      done = part.upperBound
    }
    return error
  }

  /// What the matrix knows of a source tensor; the last answer is kept, as slabs follow each other.
  private mutating func importanceEntry(
    _ tensor: Int
  ) throws(QuantError) -> ImportanceMatrix.Entry? {
    guard let importance else { return nil }
    if let lastEntry, lastEntry.tensor == tensor { return lastEntry.entry }
    let entry = try importance.entry(fitting: plan.source.tensors[tensor])
    lastEntry = (tensor, entry)
    return entry
  }

  /// Rows of one matrix of the source, which share their importance weights.
  private struct Segment {
    let tensor: TensorInfo
    let rows: Range<Int>
    let importance: [Float]?

    /// Where in the tensor a weight is, by its place in the rows.
    func place(_ weight: Int) -> String {
      "row \(rows.lowerBound + weight / tensor.rowWeights), column \(weight % tensor.rowWeights)"
    }
  }

  /// Cuts output rows where slices end and where one expert's matrix ends and the next begins.
  private mutating func segments(
    of tensor: ModelPlan.Tensor, rows: Range<Int>
  ) throws(QuantError) -> [Segment] {
    var segments: [Segment] = []
    var sliceStart = 0
    for slice in tensor.slices {
      let range = sliceStart..<sliceStart + slice.rows.count
      sliceStart = range.upperBound
      let part = rows.clamped(to: range)
      let shift = slice.rows.lowerBound - range.lowerBound
      let source = plan.source.tensors[slice.tensor]
      let rowsPerMatrix = source.dimensions.count > 1 ? max(1, source.dimensions[1]) : 1
      let entry = part.isEmpty ? nil : try importanceEntry(slice.tensor)
      var row = part.lowerBound + shift
      while row < part.upperBound + shift {
        let matrix = row / rowsPerMatrix
        let end = min(part.upperBound + shift, (matrix + 1) * rowsPerMatrix)
        segments.append(
          Segment(
            tensor: source, rows: row..<end, importance: entry?.values(expert: matrix)))
        row = end
      }
    }
    return segments
  }

  /// Reads, encodes and decodes the rows of one segment, which are rows `part` of the slab.
  private mutating func encode(
    _ segment: Segment, _ tensor: ModelPlan.Tensor, _ part: Range<Int>, bytesPerRow: Int,
    isEncoded: Bool
  ) throws(QuantError) -> SquaredError {
    let type = tensor.description.type
    guard let format = FormatRegistry.encoder(of: type) else {
      throw .unsupported("type \(type) cannot be written yet, only read")
    }
    let floats = part.lowerBound * tensor.rowWeights..<part.upperBound * tensor.rowWeights
    let target = part.lowerBound * bytesPerRow..<part.upperBound * bytesPerRow
    try read(segment, into: floats, for: type)
    if !isEncoded {
      let source = weights  // shared, not copied: borrowing from self would bar writing to bytes
      Self.encode(
        format, source.span.extracting(floats), tensor.rowWeights, segment.importance,
        plan.effort, into: &bytes, target)
    }
    return measure(format, floats, segment.importance, target)
  }

  private mutating func read(
    _ segment: Segment, into floats: Range<Int>, for type: TensorType
  ) throws(QuantError) {
    var reader = try TensorReader(model: plan.source, tensor: segment.tensor)
    var span = weights.mutableSpan
    var window = span.slice(floats)
    try reader.readRows(segment.rows, into: &window)
    let largest = Self.largestMagnitude(weights.span.extracting(floats))
    guard largest.isFinite else { throw notFinite(segment, floats) }
    if let range = ranges[type], largest > range.certain {
      try note(segment, floats, type, beyond: range)
    }
  }

  private func notFinite(_ segment: Segment, _ floats: Range<Int>) -> QuantError {
    let place = floats.first { !weights[$0].isFinite } ?? floats.lowerBound
    return .tensor(
      name: segment.tensor.name, place: segment.place(place - floats.lowerBound),
      expected: "a finite weight", found: "\(weights[place])")
  }

  /// Counts the weights that the type cannot hold, or refuses the first.
  private mutating func note(
    _ segment: Segment, _ floats: Range<Int>, _ type: TensorType, beyond range: WeightRange
  ) throws(QuantError) {
    for place in floats where range.excludes(weights[place]) {
      guard !isStrict else {
        throw .tensor(
          name: segment.tensor.name, place: segment.place(place - floats.lowerBound),
          expected: "weights that \(type) can hold (\(range.lowest) to \(range.highest))",
          found: "\(weights[place])")
      }
      loss.add(weights[place])
    }
  }

  private static func encode(
    _ format: any EncodableFormat.Type, _ weights: Span<Float>, _ rowWeights: Int,
    _ importance: [Float]?, _ effort: Effort, into bytes: inout [UInt8], _ target: Range<Int>
  ) {
    var raw = bytes.mutableSpan
    var all = unsafe raw.mutableBytes
    var window = all.slice(target)
    if let importance {
      format.encode(
        weights, rowWeights: rowWeights, importance: importance.span, effort: effort,
        into: &window)
    } else {
      format.encode(
        weights, rowWeights: rowWeights, importance: nil, effort: effort, into: &window)
    }
  }

  private mutating func measure(
    _ format: any EncodableFormat.Type, _ floats: Range<Int>, _ importance: [Float]?,
    _ target: Range<Int>
  ) -> SquaredError {
    Self.decode(format, bytes, target, into: &decoded, floats)
    var error = SquaredError()
    let original = weights.span.extracting(floats)
    if let importance {
      error.add(original, decoded.span.extracting(floats), importance: importance.span)
    } else {
      error.add(original, decoded.span.extracting(floats), importance: nil)
    }
    return error
  }

  private static func decode(
    _ format: any EncodableFormat.Type, _ bytes: [UInt8], _ target: Range<Int>,
    into decoded: inout [Float], _ floats: Range<Int>
  ) {
    var span = decoded.mutableSpan
    var window = span.slice(floats)
    unsafe format.decode(bytes.span.bytes.extracting(target), into: &window)
  }

  /// The largest magnitude; NaN or infinite if any weight is, as their exponent bits are all ones.
  private static func largestMagnitude(_ weights: Span<Float>) -> Float {
    // Without a way out of the loop, the compiler takes several weights at once.
    var largest: Int32 = 0
    for index in weights.indices {
      largest = max(largest, Int32(truncatingIfNeeded: weights[index].bitPattern & 0x7FFF_FFFF))
    }
    return Float(bitPattern: UInt32(largest))
  }
}
