// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
public import QuantModels

extension MomentsFile {
  /// Puts the parts of a job together: sums are added in the order of the parts.
  ///
  /// The result is as accurate as that of a single run, but not equal to it to the last bit: single
  /// precision rounds sums that are cut elsewhere differently.
  ///
  /// - Parameters:
  ///   - paths: The files of all parts, in any order.
  ///   - path: Where the result goes.
  /// - Returns: The result.
  /// - Throws: `QuantError.mismatch` or `.content` for parts that do not belong together, are there twice
  ///   or are missing; `.file` for files that cannot be read or written.
  /// - Complexity: Reads and writes every number once, in little memory.
  public static func merge(_ paths: [String], to path: String) throws(QuantError) -> MomentsFile {
    let files = try paths.map { path throws(QuantError) in try MomentsFile(path) }
    guard let first = files.first else { throw .unsupported("there are no second moments") }
    guard let count = first.part?.count else {
      throw .content(
        file: first.path, line: 0, what: "expected a part, found a whole text's moments")
    }
    var places: [Int: MomentsFile] = [:]
    for file in files {
      try first.description.check(file.description, in: file.path, as: first.path)
      guard let part = file.part, part.count == count else {
        throw .mismatch(
          file: file.path,
          what: "expected one of \(count) parts, as \(first.path) is, found "
            + (file.part.map { "part \($0)" } ?? "a whole text's moments"))
      }
      if let other = places.updateValue(file, forKey: part.number) {
        throw .mismatch(
          file: file.path,
          what: "expected a part other than that of \(other.path), found part \(part) in both")
      }
    }
    if let missing = (1...count).first(where: { places[$0] == nil }) {
      throw .content(
        file: first.path, line: 0,
        what: "expected all \(count) parts, found \(places.count) of them: \(missing)/\(count) is"
          + " missing")
    }
    var description = first.description
    description.part = nil
    try join((1...count).compactMap { places[$0] }, description, to: path)
    return try MomentsFile(path)
  }

  /// Writes the inputs of several files to one. Sums of an input that is in more than one are added, in the
  /// order of the files.
  ///
  /// - Parameters:
  ///   - files: The files.
  ///   - description: What their moments are of together.
  ///   - path: Where they go.
  /// - Throws: `QuantError.mismatch` if one has another idea of which matrices share an input.
  static func join(
    _ files: [MomentsFile], _ description: MomentsDescription, to path: String
  ) throws(QuantError) {
    // Parts have inputs whose only rows are held out.
    let sources = try sources(files).filter { description.part != nil || $0.tokens > 0 }
    let inputs = sources.map { $0.joined(limit: description.heldOutRows) }
    var writer = try MomentsWriter(path, description, inputs)
    for (index, source) in sources.enumerated() {
      try QuantError.checkCancellation()
      var readers = try source.parts.map { part throws(QuantError) in
        try part.file.reader(ofInput: part.index)
      }
      let triangle = PackedTriangle(columns: source.columns)
      let heldOut = try source.heldOut(limit: description.heldOutRows)
      try writer.write(index, heldOut: heldOut) { rows throws(QuantError) in
        let range = triangle.start(ofRow: rows.lowerBound)..<triangle.start(ofRow: rows.upperBound)
        return try Self.sum(of: &readers, range)
      }
    }
    try writer.finish()
  }

  private static func sum(
    of readers: inout [TensorReader], _ range: Range<Int>
  ) throws(QuantError) -> [Float] {
    var sum = [Float](repeating: 0, count: range.count)
    var part = sum
    for index in readers.indices {
      var span = part.mutableSpan
      try readers[index].readWeights(range, into: &span)
      for place in sum.indices { sum[place] = index == 0 ? part[place] : sum[place] + part[place] }
    }
    return sum
  }

  /// Where an input is found.
  private struct Source {
    let matrices: [MomentsMatrix]
    let columns: Int
    var parts: [(file: MomentsFile, index: Int)]

    /// Rows in the sums.
    var tokens: Int { parts.reduce(0) { $0 + $1.file.inputs[$1.index].tokens } }

    /// What is known of the sum.
    func joined(limit: Int) -> MomentsInput {
      // As rows are kept, without their numbers.
      var kept = HeldOutRows(columns: 0, limit: limit)
      for part in parts {
        let count = part.file.inputs[part.index].heldOutRows
        kept.keep(HeldOutRows(Matrix(rows: count, columns: 0)))
      }
      return MomentsInput(
        matrices: matrices, columns: columns, tokens: tokens, heldOutRows: kept.count)
    }

    /// The rows kept apart.
    func heldOut(limit: Int) throws(QuantError) -> Matrix {
      var kept = HeldOutRows(columns: columns, limit: limit)
      for part in parts { kept.keep(HeldOutRows(try part.file.heldOut(part.index))) }
      return kept.x
    }
  }

  /// The inputs of several files in order.
  private static func sources(_ files: [MomentsFile]) throws(QuantError) -> [Source] {
    var sources: [[MomentsMatrix]: Source] = [:]
    var owners: [MomentsMatrix: [MomentsMatrix]] = [:]
    for file in files {
      for (index, input) in file.inputs.enumerated() {
        let matrices = input.matrices.sorted()
        for matrix in matrices {
          let owner = owners[matrix] ?? matrices
          guard owner == matrices, sources[matrices]?.columns ?? input.columns == input.columns
          else {
            throw .mismatch(
              file: file.path,
              what: "tensor \"\(matrix.tensor)\": expected an input shared with as many matrices as"
                + " in the other files, found another number")
          }
          owners[matrix] = matrices
        }
        sources[matrices, default: Source(matrices: matrices, columns: input.columns, parts: [])]
          .parts.append((file, index))
      }
    }
    return sources.values.sorted { $0.matrices[0] < $1.matrices[0] }
  }
}
