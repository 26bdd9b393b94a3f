// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// Writes a file of second moments, an input at a time.
struct MomentsWriter {
  private let inputs: [MomentsInput]
  private let writer: GGUFWriter
  /// The places of tensors in the file's table.
  private let places: [(sums: Int, rows: Int?)]
  private var ranks: [Double]

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: Where it goes, once it is finished.
  ///   - description: What the moments are of.
  ///   - inputs: All that will be written; ranks come with the numbers.
  /// - Throws: `QuantError.file` if it cannot be written, or there is not enough room on the disk.
  init(
    _ path: String, _ description: MomentsDescription, _ inputs: [MomentsInput]
  ) throws(QuantError) {
    self.inputs = inputs
    var metadata = description.metadata()
    inputs.add(to: &metadata)
    var tensors: [TensorDescription] = []
    if !inputs.isEmpty {
      tensors.append(TensorDescription(name: "ranks", dimensions: [inputs.count], type: .F64))
    }
    var places: [(sums: Int, rows: Int?)] = []
    for (index, input) in inputs.enumerated() {
      places.append((tensors.count, input.heldOutRows > 0 ? tensors.count + 1 : nil))
      tensors.append(
        TensorDescription(
          name: MomentsFile.name(index),
          dimensions: [PackedTriangle(columns: input.columns).count], type: .F32))
      guard input.heldOutRows > 0 else { continue }
      tensors.append(
        TensorDescription(
          name: MomentsFile.rowsName(index), dimensions: [input.columns, input.heldOutRows],
          type: .F32))
    }
    self.places = places
    ranks = inputs.map { _ in 0 }
    writer = try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
    }
  }

  /// Writes an input's numbers.
  ///
  /// - Parameters:
  ///   - index: Which of the inputs.
  ///   - heldOut: Its rows kept apart.
  ///   - read: Gives the numbers of some rows of the triangle, one row behind the other.
  /// - Throws: `QuantError.content` for a number that is not finite; what `read` throws; `.file`.
  mutating func write(
    _ index: Int, heldOut: Matrix, _ read: (Range<Int>) throws(QuantError) -> [Float]
  ) throws(QuantError) {
    let triangle = PackedTriangle(columns: inputs[index].columns)
    var (trace, squares) = (0.0, 0.0)
    for rows in triangle.runs {
      let numbers = try read(rows)
      try check(numbers, of: index)
      let first = triangle.start(ofRow: rows.lowerBound)
      for row in rows {
        let start = triangle.start(ofRow: row) - first
        let diagonal = Double(numbers[start])
        trace += diagonal
        squares += diagonal * diagonal
        for number in numbers[start + 1..<start + triangle.columns - row] {
          squares += 2 * Double(number) * Double(number)
        }
      }
      try QuantError.wrapping { () throws(FileError) in
        try writer.write(
          unsafe numbers.span.bytes, to: places[index].sums, at: 4 * first)
      }
    }
    ranks[index] = squares > 0 ? trace * trace / squares : 0
    guard let place = places[index].rows else { return }
    try QuantError.wrapping { () throws(FileError) in try writer.write(heldOut, to: place) }
  }

  /// Writes moments that are finished.
  mutating func write(_ index: Int, _ moments: SecondMoments) throws(QuantError) {
    let sums = moments.sums
    try write(index, heldOut: moments.heldOut.x) { rows in
      var numbers: [Float] = []
      for row in rows {
        sums.withRow(row) { span in
          for column in row..<span.count { numbers.append(span[column]) }
        }
      }
      return numbers
    }
  }

  /// Gives the file its name.
  func finish() throws(QuantError) {
    try QuantError.wrapping { () throws(FileError) in
      if !ranks.isEmpty {
        try writer.write(ranks.map(\.bitPattern).littleEndianBytes, to: 0)
      }
      try writer.finish()
    }
  }

  private func check(_ numbers: [Float], of index: Int) throws(QuantError) {
    guard let bad = numbers.first(where: { !$0.isFinite }) else { return }
    throw .content(
      file: "", line: 0,
      what: "second moments of \(inputs[index].matrices.first?.inWords ?? ""): expected finite"
        + " sums, found \(bad)")
  }
}
