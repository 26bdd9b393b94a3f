// SPDX-License-Identifier: MIT
import Foundation
import GGUF

/// The committed quantization vectors (`quant-vectors.gguf`): rows, importance, the reference's
/// blocks and its errors, and blocks of random bytes with the values they decode to.
public struct QuantVectors: Sendable {
  private let file: GGUFFile

  /// The vectors, expanded once for all tests of a run.
  public static func shared() throws -> QuantVectors { try loaded.get() }

  private static let loaded = Result {
    let folder = try Paths.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = try Zstd.expand("quant-vectors.gguf", into: folder)
    // The mapping keeps the file's bytes after its name is gone.
    return QuantVectors(file: try GGUFFile.open(url.path))
  }

  /// The types that the vectors hold blocks of random bytes for, in file order.
  public var decodeTypes: [String] {
    file.tensors.compactMap {
      let parts = $0.name.split(separator: ".")
      return parts.first == "decode" && parts.last == "bytes" ? String(parts[1]) : nil
    }
  }

  /// The names of all sets of source rows: tensors `src.SET`.
  public static let sets = ["gauss", "heavy", "real", "edge"]

  /// Whether there is a tensor of this name.
  public func contains(_ name: String) -> Bool { file.contains(name) }

  /// Weights of a row of a tensor.
  public func rowWeights(_ name: String) throws -> Int { try file.tensor(name).rowWeights }

  /// The bytes of a tensor.
  public func bytes(_ name: String) throws -> [UInt8] {
    try file.bytes(of: file.tensor(name))
  }

  /// The numbers of an F32 tensor.
  public func floats(_ name: String) throws -> [Float] {
    try bytes(name).withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4).map {
        bytes.loadUnaligned(fromByteOffset: $0, as: Float.self)
      }
    }
  }

  /// The relative error of the reference's blocks, or nothing where the reference has none.
  public func referenceError(type: String, set: String, mode: String) -> Double? {
    file.metadata["ref.\(type).\(set).\(mode).rel_rmse"]?.number
  }
}
