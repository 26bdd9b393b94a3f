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

/// Where a plan's matrices are that error feedback can encode, and what they are made of.
struct MatrixPlaces: Sendable {
  /// A matrix of the source.
  private struct SourceKey: Hashable {
    let tensor: String
    let matrix: Int
  }

  let plan: ModelPlan
  private let formats: [(any FeedbackFormat.Type)?]
  private let places: [SourceKey: MatrixPlace]

  /// Looks through a plan.
  ///
  /// - Complexity: O(*n*) in matrices.
  init(_ plan: ModelPlan) {
    self.plan = plan
    formats = plan.tensors.map(Self.format)
    var places: [SourceKey: MatrixPlace] = [:]
    for (index, tensor) in plan.tensors.enumerated() where formats[index] != nil {
      let count = Self.rowsPerMatrix(tensor)
      var matrix = 0
      for slice in tensor.slices {
        for first in stride(from: slice.rows.lowerBound, to: slice.rows.upperBound, by: count) {
          let key = SourceKey(
            tensor: plan.source.tensors[slice.tensor].name, matrix: first / count)
          places[key] = MatrixPlace(tensor: index, matrix: matrix)
          matrix += 1
        }
      }
    }
    self.places = places
  }

  private static func rowsPerMatrix(_ tensor: ModelPlan.Tensor) -> Int {
    tensor.description.dimensions.dropFirst().first ?? 1
  }

  /// How error feedback encodes a tensor; `nil` if it does not, if its bytes are copied, or if it is not made
  /// of whole matrices.
  private static func format(_ tensor: ModelPlan.Tensor) -> (any FeedbackFormat.Type)? {
    let count = rowsPerMatrix(tensor)
    guard tensor.action == .encode, tensor.sliceRowWeights == tensor.rowWeights, count > 0,
      tensor.slices.allSatisfy({
        $0.rows.lowerBound % count == 0 && $0.rows.upperBound % count == 0
      }),
      let format = FormatRegistry.format(of: tensor.description.type) as? any FeedbackFormat.Type,
      tensor.rowWeights % format.layout.weightsPerBlock == 0
    else { return nil }
    return format
  }

  /// How error feedback encodes a tensor; `nil` if it does not.
  func format(ofTensor index: Int) -> (any FeedbackFormat.Type)? { formats[index] }

  /// Where a matrix of the source goes; `nil` if error feedback does not encode it.
  func place(ofSource tensor: TensorInfo, matrix: Int) -> MatrixPlace? {
    places[SourceKey(tensor: tensor.name, matrix: matrix)]
  }

  /// Whether a place is a matrix of a tensor of the output.
  func isPlace(_ place: MatrixPlace, of tensor: TensorInfo, matrix: Int) -> Bool {
    plan.tensors[place.tensor].description.name == tensor.name && place.matrix == matrix
  }

  /// Matrices of a tensor.
  func matrixCount(ofTensor index: Int) -> Int {
    plan.tensors[index].description.dimensions.dropFirst(2).reduce(1, *)
  }

  /// The rows of a matrix in its tensor.
  func rows(of place: MatrixPlace) -> Range<Int> {
    let count = Self.rowsPerMatrix(plan.tensors[place.tensor])
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
}
