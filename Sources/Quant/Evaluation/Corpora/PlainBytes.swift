// SPDX-License-Identifier: MIT
internal import QuantModels

/// The bytes of a file, compressed or not, a chunk at a time.
///
/// What a file is compressed with is told by its first bytes. A name that promises compression where
/// there is none is an error, as is data that ends too early or does not fit its checksum.
final class PlainBytes {
  /// The file.
  let path: String
  private var file: FileChunks
  private let decoder: (any StreamDecoder)?
  private let compression: Compression?
  private var input: [UInt8] = []
  private var position = 0
  private var output: [UInt8] = []
  /// What was looked at and not taken.
  private var peeked: [UInt8]?
  /// Whether the decoder filled its buffer, and so may have more without further input.
  private var isFull = false

  /// Opens a file and looks at its first bytes.
  init(path: String) throws(QuantError) {
    self.path = path
    file = try FileChunks(path: path)
    _ = try file.next(into: &input)
    compression = Compression(magic: input)
    decoder = compression?.makeDecoder()
    if compression != nil {
      guard decoder != nil else {
        throw .content(file: path, line: 0, what: "not enough memory to decompress it")
      }
      output = Array(repeating: 0, count: FileChunks.chunkBytes)
    } else if let promised = Compression(path: path) {
      let name = promised.rawValue
      throw .content(
        file: path, line: 0, what: "expected \(name) data, as the name says, found other data")
    }
  }

  /// The first bytes, decompressed, which are not taken by this; to be asked for before all others.
  func beginning() throws(QuantError) -> [UInt8] {
    if let peeked { return peeked }
    var chunk: [UInt8] = []
    _ = try next(into: &chunk)
    peeked = chunk
    return chunk
  }

  /// Replaces `chunk` by the next bytes; false at the end.
  func next(into chunk: inout [UInt8]) throws(QuantError) -> Bool {
    if let bytes = peeked {
      peeked = nil
      chunk = bytes
      if !bytes.isEmpty { return true }
    }
    guard let decoder else { return try nextPlain(into: &chunk) }
    while true {
      if position == input.count && (!isFull || decoder.isBetweenParts) {
        guard try refill(decoder) else { return false }
      }
      let written = try decode(decoder)
      isFull = written == output.count
      if written == 0 { continue }
      chunk.removeAll(keepingCapacity: true)
      chunk.append(contentsOf: output[..<written])
      return true
    }
  }

  /// The first chunk was read to see what it is.
  private func nextPlain(into chunk: inout [UInt8]) throws(QuantError) -> Bool {
    guard position < input.count else { return try file.next(into: &chunk) }
    chunk = input
    input = []
    position = 0
    return true
  }

  private func refill(_ decoder: any StreamDecoder) throws(QuantError) -> Bool {
    position = 0
    if try file.next(into: &input) { return true }
    input = []
    if decoder.isBetweenParts { return false }
    throw failure("it is cut off: the \(compression?.rawValue ?? "") data continues after byte")
  }

  private func decode(_ decoder: any StreamDecoder) throws(QuantError) -> Int {
    do throws(StreamFailure) {
      return try decoder.decode(input, from: &position, into: &output)
    } catch {
      throw failure(
        "the \(compression?.rawValue ?? "") data is damaged (\(error.reason)) before byte")
    }
  }

  private func failure(_ what: String) -> QuantError {
    .content(file: path, line: 0, what: "\(what) \(file.offset)")
  }
}
