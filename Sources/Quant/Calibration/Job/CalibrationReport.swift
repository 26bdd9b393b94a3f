// SPDX-License-Identifier: MIT
public import GGUF
public import QuantEvaluation
public import QuantPlanning

/// What a calibration did, matrix by matrix.
public struct CalibrationReport: Sendable {
  /// What became of a matrix.
  public enum Outcome: String, Sendable {
    /// It has the codes that calibration chose.
    case accepted
    /// It has those of the plain search, which were no worse on what was held out.
    case rejected
    /// It has those of the plain search, as no token of the text came to it.
    case unreached
  }

  /// One matrix.
  public struct Matrix: Sendable {
    /// The tensor of the output that holds it.
    public let tensor: String
    /// The expert, or another part of the tensor; `nil` for a tensor of one matrix.
    public let part: Int?
    /// The tensor's name without layer and expert.
    public let role: String
    /// Its type.
    public let type: TensorType
    /// Weights of a row.
    public let columns: Int
    /// What became of it.
    public let outcome: Outcome
    /// Rows of inputs that codes were chosen by.
    public let tokens: Int
    /// Rows that were held out to test on.
    public let heldOutTokens: Int
    /// About how many directions the inputs have.
    public let effectiveRank: Double
    /// What was added to the diagonal of their moments, as a part of its mean.
    public let damping: Double
    /// The squared error of outputs on what was held out, with the codes of the plain search.
    public let plainError: Double
    /// The same with the codes that calibration chose, whether they were taken or not.
    public let calibratedError: Double

    /// The squared error of outputs with the codes that are in the file.
    public var error: Double { outcome == .accepted ? calibratedError : plainError }
  }

  /// The matrices of one role and type.
  public struct Role: Sendable {
    /// The tensors' name without layer and expert.
    public let role: String
    /// Their type.
    public let type: TensorType
    /// Matrices.
    public private(set) var matrices = 0
    /// Those with codes that calibration chose.
    public private(set) var accepted = 0
    /// The squared error of outputs on what was held out, with codes of the plain search.
    public private(set) var plainError = 0.0
    /// With those in the file.
    public private(set) var error = 0.0

    /// What is left of the error; `nil` where nothing was measured.
    public var remaining: Double? { plainError > 0 ? error / plainError : nil }

    init(_ matrix: Matrix) { (role, type) = (matrix.role, matrix.type) }

    mutating func add(_ matrix: Matrix) {
      matrices += 1
      accepted += matrix.outcome == .accepted ? 1 : 0
      plainError += matrix.plainError
      error += matrix.error
    }
  }

  /// Where the text came from.
  public let origin: CalibrationOrigin
  /// How codes were chosen.
  public let settings: CalibrationSettings
  /// How models were run.
  public let mode: ComputeMode
  /// The matrices, in the order of the output.
  public let matrices: [Matrix]
  /// Quantized tensors of types that have no error feedback, in the order of the output.
  public let tensorsWithoutFeedback: [TensorDescription]
  /// Quantized tensors that the text does not multiply with, such as the token embedding.
  public let unusedTensors: [String]
  /// The token embedding, if it is the output matrix, too: changing it would change what goes into the
  /// first layer.
  public let tiedEmbedding: String?

  /// The matrices by role and type, in the order in which roles first appear.
  public var roles: [Role] {
    var roles: [Role] = []
    for matrix in matrices {
      let place = roles.firstIndex { $0.role == matrix.role && $0.type == matrix.type }
      if place == nil { roles.append(Role(matrix)) }
      roles[place ?? roles.count - 1].add(matrix)
    }
    return roles
  }
}
