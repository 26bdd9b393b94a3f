// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// A matrix of the model that moments serve.
public struct MomentsMatrix: Sendable, Hashable {
  /// The tensor's name.
  public let tensor: String
  /// Which of its matrices: 0, or the expert.
  public let matrix: Int

  /// Names one.
  package init(tensor: String, matrix: Int) {
    self.tensor = tensor
    self.matrix = matrix
  }
}

/// An input of one or more matrices, as a file of moments has it.
public struct MomentsInput: Sendable, Equatable {
  /// The matrices that it goes into.
  public let matrices: [MomentsMatrix]
  /// Numbers of a row.
  public let columns: Int
  /// Rows in the sums.
  public let tokens: Int
  /// Rows kept apart.
  public let heldOutRows: Int
  /// About how many directions the rows have: (Σ eigenvalues)² / Σ eigenvalues².
  public var effectiveRank = 0.0

  /// Rows by columns: below about 1 there is too little text.
  public var tokensPerColumn: Double { Double(tokens) / Double(columns) }
}

extension MomentsMatrix: Comparable {
  /// The order of files: by layers, what is in none coming last, then by names.
  public static func < (a: MomentsMatrix, b: MomentsMatrix) -> Bool {
    let layers = (
      TensorName.layer(of: a.tensor) ?? .max, TensorName.layer(of: b.tensor) ?? .max
    )
    guard layers.0 == layers.1 else { return layers.0 < layers.1 }
    guard a.tensor == b.tensor else {
      return a.tensor.utf8.lexicographicallyPrecedes(b.tensor.utf8)
    }
    return a.matrix < b.matrix
  }
}

/// Where the numbers of a symmetric matrix stand that is kept as its upper triangle, row by row.
struct PackedTriangle {
  /// Rows of the matrix.
  let columns: Int

  /// Numbers of all rows.
  var count: Int { columns * (columns + 1) / 2 }

  /// The number before which a row begins, on the diagonal.
  func start(ofRow row: Int) -> Int { row * columns - row * (row - 1) / 2 }

  /// Runs of rows that can be worked on at once in little memory.
  var runs: [Range<Int>] {
    var runs: [Range<Int>] = []
    var first = 0
    while first < columns {
      // Later rows are shorter.
      let rows = max(1, min(columns - first, Self.runNumbers / (columns - first)))
      runs.append(first..<first + rows)
      first += rows
    }
    return runs
  }

  private static let runNumbers = 1 << 18
}

// MARK: Metadata

extension [MomentsInput] {
  /// Adds what a file says of its inputs.
  func add(to metadata: inout Metadata) {
    func numbers(_ name: String, _ values: [Int]) {
      metadata["moments.\(name)"] = .array(
        MetadataArray(elementType: .uint64, values.map { .uint64(UInt64(clamping: $0)) }))
    }
    numbers("input.columns", map(\.columns))
    numbers("input.tokens", map(\.tokens))
    numbers("input.held_out", map(\.heldOutRows))
    let matrices = flatMap(\.matrices)
    metadata["moments.matrix.tensor"] = .array(MetadataArray(strings: matrices.map(\.tensor)))
    numbers("matrix.number", matrices.map(\.matrix))
    numbers(
      "matrix.input", enumerated().flatMap { place, input in input.matrices.map { _ in place } })
  }

  /// Reads what a file says of its inputs, except for their ranks.
  ///
  /// Throws `QuantError.content` if that does not fit together.
  init(_ file: GGUFFile) throws(QuantError) {
    func numbers(_ name: String, _ range: ClosedRange<Int>) throws(QuantError) -> [Int] {
      guard let array = file.array("moments.\(name)"), case let values = array.integers(),
        values.count == array.count, values.allSatisfy(range.contains)
      else { throw MomentsDescription.broken(file.path) }
      return values
    }
    let columns = try numbers("input.columns", 1...1 << 24)
    let tokens = try numbers("input.tokens", 0...1 << 40)
    let heldOut = try numbers("input.held_out", 0...1 << 24)
    let matrices = try numbers("matrix.number", 0...1 << 24)
    let places = try numbers("matrix.input", 0...Swift.max(0, columns.count - 1))
    guard let names = file.array("moments.matrix.tensor")?.strings(),
      names.count == matrices.count, places.count == matrices.count,
      tokens.count == columns.count, heldOut.count == columns.count,
      columns.isEmpty == places.isEmpty
    else { throw MomentsDescription.broken(file.path) }
    var served = [[MomentsMatrix]](repeating: [], count: columns.count)
    for (index, place) in places.enumerated() {
      served[place].append(MomentsMatrix(tensor: names[index], matrix: matrices[index]))
    }
    self = columns.indices.map {
      MomentsInput(
        matrices: served[$0], columns: columns[$0], tokens: tokens[$0], heldOutRows: heldOut[$0])
    }
  }
}
