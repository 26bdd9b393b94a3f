// SPDX-License-Identifier: MIT
public import GGUF
package import QuantEvaluation
public import QuantModels

/// Second moments of what goes into a model's matrices, in a file; read one input at a time.
///
/// A GGUF file:
///
///     general.type = "second-moments"
///     moments.model                a mark of the model
///     moments.facts                all that the moments depend on: names and values by turns
///     moments.datasets, .windows, .window_length, .held_out_rows
///     moments.part.number, .count  for a part: which one, from 1, and of how many
///     moments.input.columns, .tokens, .held_out      for each input
///     moments.matrix.tensor, .number, .input         the matrices, and the input that goes into each
///     ranks           F64 [inputs]        effective ranks
///     input.N         F32 [n (n + 1) / 2] Σ xᵀ x on and above the diagonal, row by row
///     input.N.rows    F32 [n, rows]       rows kept apart
public struct MomentsFile: Sendable {
  /// Where it is.
  public let path: String
  /// The inputs, in the order of layers.
  public let inputs: [MomentsInput]
  /// Names of the texts.
  public var datasets: [String] { description.datasets }
  /// Bytes of the file.
  public var byteCount: Int { file.files.reduce(0) { $0 + $1.byteCount } }
  /// Which part of the windows it is of; `nil` for all.
  public var part: JobPart? { description.part }

  let description: MomentsDescription
  private let file: GGUFFile
  private let places: [MomentsMatrix: Int]

  /// Opens a file; sums are read when they are asked for.
  ///
  /// - Parameter path: The file.
  /// - Throws: `QuantError.content` if it is no such file or is damaged, `.file` if it cannot be read or
  ///   ends too early.
  public init(_ path: String) throws(QuantError) {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    description = try MomentsDescription(file)
    var inputs = try [MomentsInput](file)
    var places: [MomentsMatrix: Int] = [:]
    for (place, input) in inputs.enumerated() {
      for matrix in input.matrices where places.updateValue(place, forKey: matrix) != nil {
        throw MomentsDescription.broken(path)
      }
    }
    self.path = path
    self.file = file
    self.places = places
    let ranks = try Self.ranks(file, count: inputs.count)
    for index in inputs.indices { inputs[index].effectiveRank = ranks[index] }
    self.inputs = inputs
    for index in inputs.indices { try checkTensors(of: index) }
  }

  /// Whether a file is one.
  ///
  /// - Parameter path: The file.
  /// - Returns: Whether it says that it is.
  /// - Throws: `QuantError.file` if it cannot be read or is no GGUF file.
  public static func isOne(_ path: String) throws(QuantError) -> Bool {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    return file.metadata["general.type"]?.text == MomentsDescription.kind
  }

  /// Refuses moments of another model.
  ///
  /// Throws `QuantError.mismatch`, or `.file` if the model cannot be read.
  public func check(isOf model: any ModelSource) throws(QuantError) {
    guard try MomentsDescription.mark(of: model) == description.model else {
      throw .mismatch(
        file: path, what: "expected second moments of \(model.path), found those of another model")
    }
  }

  /// Refuses a part, whose windows are not all.
  ///
  /// Throws `QuantError.content`.
  public func checkIsWhole() throws(QuantError) {
    guard let part else { return }
    throw .content(
      file: path, line: 0,
      what: "expected second moments of a whole text, found part \(part): put the parts together")
  }

  /// The place among `inputs` of what goes into a matrix; `nil` if nothing did.
  package func input(of matrix: MomentsMatrix) -> Int? { places[matrix] }

  /// Reads an input's moments.
  ///
  /// - Parameters:
  ///   - index: Which of `inputs`.
  ///   - workers: Threads to work with.
  /// - Returns: The moments, finished.
  /// - Throws: `QuantError.content` for numbers that are not finite, `.file` if they cannot be read.
  /// - Complexity: Memory for *n*² numbers, and the rows kept apart.
  package func moments(_ index: Int, _ workers: Workers) throws(QuantError) -> SecondMoments {
    let input = inputs[index]
    let sums = Matrix(rows: input.columns, columns: input.columns)
    let triangle = PackedTriangle(columns: input.columns)
    var reader = try reader(Self.name(index))
    for row in 0..<input.columns {
      let start = triangle.start(ofRow: row)
      try sums.withMutableRow(row) { (span) throws(QuantError) in
        var part = span.slice(row..<input.columns)
        try reader.readWeights(start..<start + input.columns - row, into: &part)
      }
    }
    let moments = SecondMoments(
      sums: sums, tokens: input.tokens, heldOut: HeldOutRows(try heldOut(index)),
      name: "\(input.matrices.first?.inWords ?? "no matrix") in \(path)")
    try moments.finish(workers)
    return moments
  }

  /// The moments of all matrices of a tensor together, such as a layer's experts, without rows kept apart.
  ///
  /// - Parameters:
  ///   - tensor: The tensor's name.
  ///   - workers: Threads to work with.
  /// - Returns: The moments, finished; `nil` if nothing went into any of them.
  /// - Throws: As `moments`.
  /// - Complexity: Reads them all, in memory for two inputs.
  package func pooled(_ tensor: String, _ workers: Workers) throws(QuantError) -> SecondMoments? {
    var pooled: SecondMoments?
    for (index, input) in inputs.enumerated() {
      guard input.matrices.contains(where: { $0.tensor == tensor }) else { continue }
      let own = try moments(index, workers).withoutHeldOut()
      if let pooled { try pooled.add(own, workers) } else { pooled = own }
    }
    return pooled
  }

  // MARK: Tensors

  static func name(_ index: Int) -> String { "input.\(index)" }
  static func rowsName(_ index: Int) -> String { "input.\(index).rows" }

  /// Reads numbers of an input's triangle.
  func reader(ofInput index: Int) throws(QuantError) -> TensorReader {
    try reader(Self.name(index))
  }

  private func reader(_ name: String) throws(QuantError) -> TensorReader {
    let tensor = try QuantError.wrapping { () throws(FileError) in try file.tensor(name) }
    return try TensorReader(model: file, tensor: tensor)
  }

  /// The rows kept apart of an input.
  func heldOut(_ index: Int) throws(QuantError) -> Matrix {
    let input = inputs[index]
    guard input.heldOutRows > 0 else { return Matrix(rows: 0, columns: input.columns) }
    var reader = try reader(Self.rowsName(index))
    let rows = try reader.matrix(0..<input.heldOutRows)
    for row in 0..<rows.rows {
      guard let column = rows.firstNotFinite(inRow: row) else { continue }
      throw .content(
        file: path, line: 0,
        what: "rows kept apart of \(input.matrices.first?.inWords ?? "no matrix"): expected finite"
          + " numbers, found \(rows[row, column])")
    }
    return rows
  }

  private static func ranks(_ file: GGUFFile, count: Int) throws(QuantError) -> [Double] {
    guard count > 0 else { return [] }
    let tensor = try QuantError.wrapping { () throws(FileError) in try file.tensor("ranks") }
    guard tensor.type == .F64, tensor.weightCount == count else {
      throw MomentsDescription.broken(file.path)
    }
    var bytes = [UInt8](repeating: 0, count: 8 * count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try QuantError.wrapping { () throws(FileError) in try file.read(tensor, at: 0, into: &raw) }
    return (0..<count).map { unsafe Double(bitPattern: bytes.span.bytes.u64(at: 8 * $0)) }
  }

  private func checkTensors(of index: Int) throws(QuantError) {
    let input = inputs[index]
    let sums = try? file.tensor(Self.name(index))
    let rows = try? file.tensor(Self.rowsName(index))
    guard !input.matrices.isEmpty, sums?.type == .F32,
      sums?.weightCount == PackedTriangle(columns: input.columns).count
    else { throw MomentsDescription.broken(path) }
    guard input.heldOutRows > 0 else { return }
    guard rows?.type == .F32, rows?.dimensions == [input.columns, input.heldOutRows] else {
      throw MomentsDescription.broken(path)
    }
  }
}

extension MomentsMatrix {
  /// The matrix in words.
  var inWords: String { "what goes into matrix \(matrix) of tensor \"\(tensor)\"" }
}
