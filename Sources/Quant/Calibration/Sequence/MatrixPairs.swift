// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// One of a tensor's matrices.
struct MatrixKey: Hashable {
  let tensor: String
  let matrix: Int
}

/// The matrices of two models that are the same but for their types and the layout of experts: those that
/// are still to be calibrated.
final class MatrixPairs {
  /// A matrix, and where a token meets it.
  struct Entry {
    let pair: CalibratedMatrix
    /// Its layer, step and branch; the layer is `nil` for the output matrix.
    let layer: Int?
    let step: Int
    let branch: Int
    /// Whether it belongs to an expert.
    let isExpert: Bool
  }

  private var entries: [MatrixKey: Entry] = [:]

  /// All that a calibrator wants.
  var pending: some Collection<Entry> { entries.values }

  /// Pairs matrices: those of experts by their places, all others by the names of their tensors.
  ///
  /// - Parameters:
  ///   - whole: The whole model.
  ///   - quantized: The quantized one.
  ///   - calibrator: Tells which are wanted.
  /// - Throws: `QuantError.mismatch` if the quantized model lacks one, or has it in another shape.
  init(
    _ whole: Evaluator, _ quantized: Evaluator, _ calibrator: any MatrixCalibrator
  ) throws(QuantError) {
    let others = Self.places(of: quantized.graph)
    for unit in whole.graph.units where unit.position != .embedding {
      for matrix in Self.matrices(of: unit, in: whole.graph) {
        guard let other = others[matrix.place] else {
          throw .mismatch(
            file: quantized.model.path,
            what:
              "it has no match for matrix \(matrix.index) of tensor \"\(matrix.tensor.name)\" of"
              + " \(whole.model.path)")
        }
        let pair = CalibratedMatrix(
          whole: matrix.tensor, wholeMatrix: matrix.index, quantized: other.tensor,
          quantizedMatrix: other.index)
        try Self.check(pair, file: quantized.model.path)
        guard calibrator.wants(pair) else { continue }
        let key = MatrixKey(tensor: matrix.tensor.name, matrix: matrix.index)
        entries[key] =
          entries[key]
          ?? Entry(
            pair: pair, layer: unit.position.layer, step: unit.step, branch: unit.branch,
            isExpert: matrix.place.expert != nil)
      }
    }
  }

  /// Takes those of some matrices that are wanted and not yet done; they are done then.
  func take(_ keys: [MatrixKey]) -> [CalibratedMatrix] {
    keys.compactMap { entries.removeValue(forKey: $0)?.pair }
  }

  /// Whether a matrix is wanted and not yet done.
  func isPending(_ key: MatrixKey) -> Bool { entries[key] != nil }

  /// Whether any matrix of a branch is, or of a step without a branch.
  func isPending(layer: Int, step: Int, branch: Int? = nil) -> Bool {
    entries.values.contains {
      $0.layer == layer && $0.step == step && (branch == nil || $0.branch == branch)
    }
  }

  private static func check(_ pair: CalibratedMatrix, file: String) throws(QuantError) {
    let (whole, quantized) = (pair.whole, pair.quantized)
    guard whole.dimensions.prefix(2) == quantized.dimensions.prefix(2) else {
      throw .mismatch(
        file: file,
        what: "tensor \"\(quantized.name)\": expected matrices of \(whole.dimensions.prefix(2)), as"
          + " \"\(whole.name)\" of the source has, found \(quantized.dimensions.prefix(2))")
    }
  }
}

// MARK: Places

extension MatrixPairs {
  /// Where a matrix stands in a model, whatever the layout of experts.
  private struct Place: Hashable {
    let position: UnitPosition
    let step: Int
    let branch: Int
    /// The projection, for experts of groups.
    var part = 0
    /// The expert, for experts.
    var expert: Int?
    /// The tensor and its matrix, for others.
    var key: MatrixKey?
  }

  private struct PlacedMatrix {
    let place: Place
    let tensor: TensorInfo
    let index: Int
  }

  private static func places(of graph: ModelGraph) -> [Place: PlacedMatrix] {
    var places: [Place: PlacedMatrix] = [:]
    for unit in graph.units {
      for matrix in matrices(of: unit, in: graph) { places[matrix.place] = matrix }
    }
    return places
  }

  /// The matrices of a unit.
  private static func matrices(of unit: ModelUnit, in graph: ModelGraph) -> [PlacedMatrix] {
    let place = Place(position: unit.position, step: unit.step, branch: unit.branch)
    if let expert = unit.expert {
      var own = place
      own.expert = expert
      return [PlacedMatrix(place: own, tensor: unit.tensor, index: unit.matrix ?? 0)]
    }
    if let layer = unit.position.layer,
      case .groupExperts(let group) = graph.layers[layer].steps[unit.step].branches[unit.branch]
        .block
    {
      return matrices(of: group.mixture, tensor: unit.tensor, at: place)
    }
    return (0..<unit.tensor.matrixCount).map { matrix in
      var own = place
      own.key = MatrixKey(tensor: unit.tensor.name, matrix: matrix)
      return PlacedMatrix(place: own, tensor: unit.tensor, index: matrix)
    }
  }

  /// Those of experts that stand in one of their tensors.
  private static func matrices(
    of mixture: MixtureGraph, tensor: TensorInfo, at place: Place
  ) -> [PlacedMatrix] {
    mixture.experts.projections.enumerated().flatMap { part, matrices in
      (0..<mixture.count).compactMap { expert in
        let (linear, matrix) = matrices.expert(expert)
        guard linear.tensor == tensor else { return nil }
        var own = place
        (own.part, own.expert) = (part, expert)
        return PlacedMatrix(place: own, tensor: tensor, index: matrix)
      }
    }
  }
}

extension ExpertGraph {
  /// What takes an expert's input.
  var first: [Matrices] {
    switch input {
    case .separate(let gate, let up): [gate, up]
    case .fused(let both): [both]
    case .plain(let up): [up]
    }
  }

  /// All projections, in the order in which they are computed.
  var projections: [Matrices] { first + [down] }
}

extension ExpertGraph.Matrices {
  /// An expert's.
  func key(_ index: Int) -> MatrixKey {
    let (linear, matrix) = expert(index)
    return MatrixKey(tensor: linear.tensor.name, matrix: matrix)
  }
}
