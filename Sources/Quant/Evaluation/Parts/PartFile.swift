// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
public import QuantModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Numbers of a partial result, 64 bits each.
package struct PartNumbers {
  let name: String
  /// `F64` or `I64`.
  let type: TensorType
  let count: Int
  /// The bits of one of them.
  let word: (Int) -> UInt64
}

/// A partial result as a file.
///
/// A GGUF file:
///
///     general.type = "partial-result"
///     part.number, part.count    which part, from 1, and of how many
///     part.job                   what it is part of: a `PartJob` as JSON
///     result    I8 [bytes]       what was found, JSON
///     …         F64, I64         numbers that it speaks of
///     mark      I64 [1]          of all before it, to notice damage
public struct PartFile {
  private static let type = "partial-result"

  /// Where it is.
  public let path: String
  /// Which part it is.
  public let part: JobPart
  /// What it is part of.
  public let job: PartJob
  private let file: GGUFFile

  /// Opens a file and checks that it is whole.
  ///
  /// - Parameter path: The file.
  /// - Throws: `QuantError.content` if it is no such file or is damaged, `.file` if it cannot
  ///   be read.
  public init(_ path: String) throws(QuantError) {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    guard file.metadata["general.type"]?.text == Self.type else {
      throw .content(file: path, line: 0, what: "expected a partial result, found another file")
    }
    guard let number = file.metadata["part.number"]?.integer,
      let count = file.metadata["part.count"]?.integer, let part = JobPart(number, of: count),
      let text = file.metadata["part.job"]?.text,
      let job = try? JSONDecoder().decode(PartJob.self, from: Data(text.utf8)),
      file.byteOrder == .little
    else {
      throw .content(
        file: path, line: 0, what: "expected an undamaged partial result, found a damaged one")
    }
    self.path = path
    self.part = part
    self.job = job
    self.file = file
    try checkFingerprint(text)
  }

  private func checkFingerprint(_ job: String) throws(QuantError) {
    var fingerprint = Fingerprint()
    fingerprint.add("\(part)")
    fingerprint.add(job)
    for tensor in file.tensors where tensor.name != "mark" {
      fingerprint.add(tensor.name)
      for chunk in Self.chunks(tensor.byteCount ?? 0) { fingerprint.add(try bytes(tensor, chunk)) }
    }
    guard try words("mark", .I64) == [fingerprint.value] else {
      throw .content(
        file: path, line: 0, what: "expected the bytes written, found others: it is damaged")
    }
  }

  /// What was found.
  ///
  /// Throws `QuantError.content` for another kind of result.
  package func result<Result: Decodable>(_: Result.Type) throws(QuantError) -> Result {
    let tensor = try tensor("result", .I8)
    let bytes = try bytes(tensor, 0..<tensor.weightCount)
    guard let result = try? JSONCoding.decoder.decode(Result.self, from: Data(bytes)) else {
      throw broken
    }
    return result
  }

  /// The bits of all numbers of a name; none if there are no such numbers.
  ///
  /// Throws `QuantError.content` if they are of another type.
  func words(_ name: String, _ type: TensorType) throws(QuantError) -> [UInt64] {
    guard file.tensors.contains(where: { $0.name == name }) else { return [] }
    let tensor = try tensor(name, type)
    let bytes = try bytes(tensor, 0..<8 * tensor.weightCount)
    return (0..<tensor.weightCount).map { unsafe bytes.span.bytes.u64(at: 8 * $0) }
  }

  /// An error for what is whole but not what this tool writes.
  package var broken: QuantError {
    .content(
      file: path, line: 0,
      what: "inconsistent content: expected a result of \(job.kind.rawValue)")
  }

  private func tensor(_ name: String, _ type: TensorType) throws(QuantError) -> TensorInfo {
    let tensor = try QuantError.wrapping { () throws(FileError) in try file.tensor(name) }
    guard tensor.type == type else { throw broken }
    return tensor
  }

  private func bytes(_ tensor: TensorInfo, _ range: Range<Int>) throws(QuantError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try QuantError.wrapping { () throws(FileError) in
      try file.read(tensor, at: range.lowerBound, into: &raw)
    }
    return bytes
  }

  /// Pieces of so many bytes, few enough for memory: writers and readers cut alike, as fingerprints
  /// depend on it.
  private static func chunks(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: 1 << 20).map { $0..<min($0 + 1 << 20, count) }
  }
}

extension PartFile {
  /// Writes a file: whole or not at all.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - part: Which part it is.
  ///   - job: What it is part of.
  ///   - result: What was found.
  ///   - numbers: Numbers that this speaks of.
  /// - Throws: `QuantError.file` if it cannot be written.
  package static func write(
    to path: String, _ part: JobPart, of job: PartJob, _ result: some Encodable,
    _ numbers: [PartNumbers] = []
  ) throws(QuantError) {
    guard let json = try? JSONCoding.encoder.encode(result),
      let text = (try? JSONEncoder().encode(job)).map({ String(decoding: $0, as: UTF8.self) })
    else { throw .content(file: path, line: 0, what: "the result cannot be written as JSON") }
    var metadata = Metadata()
    metadata["general.type"] = .string(MetadataString(type))
    metadata["part.number"] = .uint32(UInt32(clamping: part.number))
    metadata["part.count"] = .uint32(UInt32(clamping: part.count))
    metadata["part.job"] = .string(MetadataString(text))
    var tensors = [TensorDescription(name: "result", dimensions: [json.count], type: .I8)]
    // A tensor has weights.
    let numbers = numbers.filter { $0.count > 0 }
    tensors += numbers.map {
      TensorDescription(name: $0.name, dimensions: [$0.count], type: $0.type)
    }
    tensors.append(TensorDescription(name: "mark", dimensions: [1], type: .I64))
    var fingerprint = Fingerprint()
    fingerprint.add("\(part)")
    fingerprint.add(text)
    try QuantError.wrapping { () throws(FileError) in
      let writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
      let all = [UInt8](json)
      fingerprint.add("result")
      for chunk in chunks(all.count) {
        fingerprint.add(Array(all[chunk]))
        try writer.write(Array(all[chunk]), to: 0, at: chunk.lowerBound)
      }
      for (place, numbers) in numbers.enumerated() {
        fingerprint.add(numbers.name)
        for chunk in chunks(8 * numbers.count) {
          let words = (chunk.lowerBound / 8..<chunk.upperBound / 8).map(numbers.word)
            .littleEndianBytes
          fingerprint.add(words)
          try writer.write(words, to: 1 + place, at: chunk.lowerBound)
        }
      }
      try writer.write(fingerprint.value.littleEndianBytes, to: tensors.count - 1)
      try writer.finish()
    }
  }
}

/// JSON that brings back every number to the last bit, those that JSON does not have included.
enum JSONCoding {
  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }

  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return decoder
  }
}
