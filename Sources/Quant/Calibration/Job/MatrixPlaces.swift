// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantModels
internal import QuantPlanning

/// One matrix of a planned output.
struct MatrixPlace: Sendable, Hashable {
  /// The tensor's index in the plan.
  let tensor: Int
  /// Which of its matrices.
  let matrix: Int
}

/// Where a plan's matrices are, and what they are made of.
struct MatrixPlaces: Sendable {
  let plan: ModelPlan
  private let indices: [String: Int]

  init(_ plan: ModelPlan) {
    self.plan = plan
    indices = Dictionary(
      plan.tensors.enumerated().map { ($1.description.name, $0) }, uniquingKeysWith: { a, _ in a })
  }

  /// The place of a matrix of the output; `nil` if the plan has none of this name.
  func place(of tensor: TensorInfo, matrix: Int) -> MatrixPlace? {
    indices[tensor.name].map { MatrixPlace(tensor: $0, matrix: matrix) }
  }

  /// How error feedback encodes a tensor; `nil` if it does not, or if its bytes are copied.
  func format(ofTensor index: Int) -> (any FeedbackFormat.Type)? {
    let tensor = plan.tensors[index]
    guard tensor.action == .encode, tensor.sliceRowWeights == tensor.rowWeights,
      let format = FormatRegistry.format(of: tensor.description.type) as? any FeedbackFormat.Type,
      tensor.rowWeights % format.layout.weightsPerBlock == 0
    else { return nil }
    return format
  }

  /// Matrices of a tensor.
  func matrixCount(ofTensor index: Int) -> Int {
    plan.tensors[index].description.dimensions.dropFirst(2).reduce(1, *)
  }

  /// The rows of a matrix in its tensor.
  func rows(of place: MatrixPlace) -> Range<Int> {
    let count = plan.tensors[place.tensor].description.dimensions.dropFirst().first ?? 1
    return place.matrix * count..<(place.matrix + 1) * count
  }

  /// The bytes of some rows of a tensor.
  func bytes(ofRows rows: Range<Int>, ofTensor index: Int) -> Range<Int> {
    let tensor = plan.tensors[index]
    let size = tensor.byteCount / max(1, tensor.rowCount)
    return rows.lowerBound * size..<rows.upperBound * size
  }

  /// The bytes of a matrix in its tensor.
  func bytes(of place: MatrixPlace) -> Range<Int> {
    bytes(ofRows: rows(of: place), ofTensor: place.tensor)
  }

  /// The tensor of the source that a matrix is made of, and the rows there; `nil` if it is put together.
  func source(of place: MatrixPlace) -> (tensor: Int, rows: Range<Int>)? {
    let rows = rows(of: place)
    var start = 0
    for slice in plan.tensors[place.tensor].slices {
      let range = start..<start + slice.rows.count
      start = range.upperBound
      guard range.contains(rows.lowerBound) else { continue }
      guard rows.upperBound <= range.upperBound else { return nil }
      let first = slice.rows.lowerBound + rows.lowerBound - range.lowerBound
      return (slice.tensor, first..<first + rows.count)
    }
    return nil
  }

  /// Refuses to pair a matrix with another one than it is made of.
  ///
  /// Throws `QuantError.mismatch`.
  func check(_ place: MatrixPlace, isMadeOf whole: TensorInfo, matrix: Int) throws(QuantError) {
    let count = rows(of: place).count
    guard let source = source(of: place), plan.source.tensors[source.tensor].name == whole.name,
      source.rows == matrix * count..<(matrix + 1) * count
    else {
      throw .mismatch(
        file: plan.files[0].path,
        what: "tensor \"\(plan.tensors[place.tensor].description.name)\", matrix \(place.matrix):"
          + " expected rows of \"\(whole.name)\", matrix \(matrix), found others")
    }
  }
}
