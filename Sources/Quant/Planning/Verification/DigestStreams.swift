// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Hashes of parts of a model, fed with all of its bytes in order.
///
/// Bytes with the same key belong to one hash; those without a key to none.
actor DigestStream {
  private let key: @Sendable (FilePiece) -> Int?
  private var current: (key: Int, stream: SHA256Stream)?
  private(set) var digests: [Int: String] = [:]

  init(key: @escaping @Sendable (FilePiece) -> Int?) { self.key = key }

  /// Adds the next bytes.
  func add(_ pieces: [(piece: FilePiece, bytes: [UInt8])]) throws(QuantError) {
    for (piece, bytes) in pieces {
      guard let key = key(piece) else { continue }
      if current?.key != key {
        finish()
        current = (key, try SHA256Stream())
      }
      unsafe current?.stream.add(bytes.span.bytes)
    }
  }

  /// Ends the last hash.
  func finish() {
    if let current { digests[current.key] = current.stream.finish() }
    current = nil
  }
}

/// The three kinds of hashes of a model, each computed on a thread of its own.
struct DigestStreams: Sendable {
  /// Of every tensor, by its place.
  private let tensors = DigestStream { $0.tensor }
  /// Of all tensors' data of every file.
  private let data = DigestStream { $0.tensor == nil ? nil : $0.shard }
  /// Of every file.
  private let files = DigestStream { $0.shard }

  private var all: [DigestStream] { [tensors, data, files] }

  /// Adds the next bytes to all of them.
  func add(_ pieces: [(piece: FilePiece, bytes: [UInt8])]) async throws(QuantError) {
    let streams = all
    let failures = await withTaskGroup(of: QuantError?.self) { group in
      for stream in streams {
        group.addTask {
          do throws(QuantError) {
            try await stream.add(pieces)
            return nil
          } catch {
            return error
          }
        }
      }
      return await group.reduce(into: [QuantError]()) { if let error = $1 { $0.append(error) } }
    }
    if let first = failures.first { throw first }
  }

  /// Writes all hashes into a result. Tensors without bytes, and files without data, have the hash of
  /// nothing.
  func finish(_ result: inout Verification) async throws(QuantError) {
    for stream in all { await stream.finish() }
    let empty = try SHA256Stream().finish()
    let (tensors, data, files) = await (tensors.digests, data.digests, files.digests)
    for (index, tensor) in result.tensors.enumerated() {
      guard !tensor.isTruncated, let size = tensor.tensorBytes else { continue }
      result.tensors[index].sha256 = size > 0 ? tensors[index] : empty
    }
    for index in result.files.indices {
      result.files[index].sha256 = files[index] ?? empty
      result.files[index].dataSha256 = data[index] ?? empty
    }
  }
}
