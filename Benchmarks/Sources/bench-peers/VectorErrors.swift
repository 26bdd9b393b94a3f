// SPDX-License-Identifier: MIT
import BenchSupport
import GGUF

/// Our error on one set of the committed vectors, against the reference's as it was recorded.
struct VectorError: Encodable {
  /// The set of rows: gauss, heavy, real or edge.
  let set: String
  /// Whether errors are weighted by importance.
  let isWeighted: Bool
  /// The relative errors.
  let error: Comparison
}

/// The committed vectors: rows, importance, and the errors that the reference made on them.
struct VectorErrors {
  /// The names of all sets.
  static let sets = ["gauss", "heavy", "real", "edge"]

  private let file: GGUFFile
  private var sources: [String: (rows: [Float], rowWeights: Int, importance: [Float])] = [:]

  /// Opens the expanded file of vectors.
  init(path: String) throws {
    file = try GGUFFile.open(path)
    for set in Self.sets {
      let width = try file.tensor("src.\(set)").rowWeights
      sources[set] = (try floats("src.\(set)"), width, try floats("imatrix.\(set)"))
    }
  }

  /// The errors of a type, on every set and in both modes that the reference was recorded in.
  func errors(of type: TensorType, _ codec: Codec) -> [VectorError] {
    guard codec.encodes else { return [] }
    return Self.sets.flatMap { set in
      [true, false].compactMap { error(of: type, codec, set: set, isWeighted: $0) }
    }
  }

  private func error(
    of type: TensorType, _ codec: Codec, set: String, isWeighted: Bool
  ) -> VectorError? {
    let key = "ref.\(type.name).\(set).\(isWeighted ? "imatrix" : "plain").rel_rmse"
    guard let source = sources[set], let recorded = file.metadata[key]?.number else { return nil }
    let importance = isWeighted ? source.importance : nil
    var bytes = [UInt8](repeating: 0, count: codec.byteCount(source.rows.count))
    codec.encode(
      source.rows, rowWeights: source.rowWeights, importance: importance, into: &bytes)
    let error = codec.error(of: bytes, against: source.rows, importance: importance)
    return VectorError(
      set: set, isWeighted: isWeighted, error: Comparison(ours: error, reference: recorded))
  }

  private func floats(_ name: String) throws -> [Float] {
    try file.bytes(of: file.tensor(name)).withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
    }
  }
}
