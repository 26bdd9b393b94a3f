// SPDX-License-Identifier: MIT
import GGUF
import Synchronization

/// What has been written of an unfinished output, slab by slab.
///
/// A record holds the mark of the slab's bytes. Resuming reads those bytes back and believes only
/// what agrees, so that the order in which a crash lets things reach the disk does not matter.
///
///     header  offset 0   8  "GGUFJRNL"
///             offset 8   8  fingerprint of the plan
///             offset 16  8  number of slabs
///     record  offset 0   8  slab
///             offset 8   8  mark of the slab's bytes
///             offset 16  8  weighted sum of squared errors (Double)
///             offset 24  8  weighted sum of squares (Double)
///             offset 32  8  mark of the 32 bytes before
public final class Journal: Sendable {
  /// The outcome of one slab.
  struct Record: Sendable, Equatable {
    let slab: Int
    let mark: UInt64
    let error: SquaredError
  }

  private static let headerBytes = 24
  private static let recordBytes = 40
  private static let magic = Array("GGUFJRNL".utf8)

  private let file: RecordFile
  private let end: Mutex<Int>
  /// Records of an earlier run, by slab.
  let earlier: [Int: Record]

  /// The name of an output's journal.
  public static func path(of output: String) -> String { output + ".journal" }

  /// Whether an earlier run left a journal of this output.
  public static func exists(for output: String) -> Bool { Disk.exists(path(of: output)) }

  /// Removes what an earlier run left of an output.
  public static func discard(_ output: OutputNaming, files: [String]) {
    Disk.remove(path(of: output.path))
    for file in files { Disk.remove(OutputFile.temporaryPath(of: file)) }
  }

  /// Opens the journal of an output, or begins one.
  ///
  /// Throws `QuantError.container` if another process holds it or if it is of another job.
  init(output: String, fingerprint: UInt64, slabCount: Int) throws(QuantError) {
    let file = try QuantError.wrapping { () throws(GGUFError) in
      try RecordFile(path: Self.path(of: output))
    }
    let bytes = try QuantError.wrapping { () throws(GGUFError) in try file.contents() }
    let header = Self.header(fingerprint, slabCount)
    if bytes.count >= Self.headerBytes, Array(bytes[..<Self.headerBytes]) != header {
      throw .container(
        .unsupported(
          file: file.path,
          what: "this is the journal of another job for the same output (another recipe, source,"
            + " matrix or version); pass --restart to give that one up"))
    }
    let records = Self.records(bytes, slabCount: slabCount)
    let place = Self.headerBytes + records.count * Self.recordBytes
    try QuantError.wrapping { () throws(GGUFError) in
      if bytes.count < Self.headerBytes { try file.write(header, at: 0) }
      try file.cut(to: place)
    }
    self.file = file
    end = Mutex(place)
    earlier = Dictionary(records.map { ($0.slab, $0) }, uniquingKeysWith: { $1 })
  }

  /// Notes that a slab's bytes are written. Any thread may call it.
  func append(_ record: Record) throws(QuantError) {
    let bytes = Self.bytes(of: record)
    let place = end.withLock { end in
      defer { end += bytes.count }
      return end
    }
    try QuantError.wrapping { () throws(GGUFError) in try file.write(bytes, at: place) }
  }

  /// Removes the journal: the output is whole.
  func remove() { file.remove() }

  private static func header(_ fingerprint: UInt64, _ slabCount: Int) -> [UInt8] {
    magic + littleEndian(fingerprint) + littleEndian(UInt64(slabCount))
  }

  private static func bytes(of record: Record) -> [UInt8] {
    let body =
      littleEndian(UInt64(record.slab)) + littleEndian(record.mark)
      + littleEndian(record.error.error.bitPattern)
      + littleEndian(record.error.reference.bitPattern)
    return body + littleEndian(unsafe Fingerprint.of(body.span.bytes))
  }

  private static func littleEndian(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }

  /// Whole records up to the first that is torn.
  private static func records(_ bytes: [UInt8], slabCount: Int) -> [Record] {
    var records: [Record] = []
    var place = headerBytes
    while place + recordBytes <= bytes.count {
      let raw = Array(bytes[place..<place + recordBytes])
      let span = unsafe raw.span.bytes
      let slab = Int(clamping: span.u64(at: 0))
      guard Fingerprint.of(span.extracting(0..<32)) == span.u64(at: 32), slab < slabCount else {
        break
      }
      let error = SquaredError(
        error: Double(bitPattern: span.u64(at: 16)),
        reference: Double(bitPattern: span.u64(at: 24)))
      records.append(Record(slab: slab, mark: span.u64(at: 8), error: error))
      place += recordBytes
    }
    return records
  }
}
