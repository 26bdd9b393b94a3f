// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF
internal import QuantModels
import Synchronization

/// What has been written of an unfinished output, slab by slab.
///
/// A record holds the fingerprint of the slab's bytes. Resuming reads those bytes back and believes only
/// what agrees, so that the order in which a crash lets things reach the disk does not matter.
///
///     header  offset 0   8  "GGUFJRNL"
///             offset 8   8  fingerprint of the plan
///             offset 16  8  number of slabs
///     record  offset 0   8  slab
///             offset 8   8  fingerprint of the slab's bytes
///             offset 16  8  weighted sum of squared errors (Double)
///             offset 24  8  weighted sum of squares (Double)
///             offset 32  8  fingerprint of the 32 bytes before
///
/// A slab with weights that its type cannot hold has another record before its own: its number with
/// bit 62 set, how many such weights there are, the largest of them (Double), and zero.
public final class Journal: Sendable {
  /// The outcome of one slab.
  struct Record: Sendable, Equatable {
    let slab: Int
    let fingerprint: UInt64
    let error: SquaredError
    /// Weights that the type cannot hold.
    var loss = WeightLoss()
  }

  private static let headerBytes = 24
  private static let recordBytes = 40
  /// Records read at once: a model of a trillion weights has millions.
  private static let recordsPerRead = 4096
  private static let magic = Array("GGUFJRNL".utf8)

  private let output: String
  private let file: RecordFile
  private let isRemoved = Atomic(false)
  private let end: Locked<Int>
  /// Where the records of an earlier run stand, by slab, zero for none; empty if there are none at
  /// all. The records themselves stay in the file.
  private let places: [Int]
  /// What an earlier run noted of weights that a type cannot hold, by slab.
  private let losses: [Int: WeightLoss]
  private static let lossMark = 1 << 62

  /// The name of an output's journal.
  public static func path(of output: String) -> String { output + ".journal" }

  /// Whether an earlier run left a journal of this output.
  public static func exists(for output: String) -> Bool { Disk.exists(path(of: output)) }

  /// Removes what an earlier run left of an output.
  ///
  /// Throws `QuantError.file` if that run is not over: with its files gone, it would give its
  /// name to those of the next.
  static func discard(_ output: OutputNaming, files: [String]) throws(QuantError) {
    let held = try QuantError.wrapping { () throws(FileError) in
      try RecordFile(path: path(of: output.path))
    }
    for file in files { Disk.remove(OutputFile.temporaryPath(of: file)) }
    held.remove()
  }

  /// Opens the journal of an output, or begins one.
  ///
  /// Throws `QuantError.file` if another process holds it, `.setting` if it is of another job.
  init(output: String, fingerprint: UInt64, slabCount: Int) throws(QuantError) {
    let file = try QuantError.wrapping { () throws(FileError) in
      try RecordFile(path: Self.path(of: output))
    }
    let header = Self.header(fingerprint, slabCount)
    let size = try QuantError.wrapping { () throws(FileError) in try file.byteCount() }
    let found = try Self.bytes(of: file, 0..<min(size, Self.headerBytes))
    // A journal without a record has nothing to lose: its job never got far enough.
    guard found == header || size < Self.headerBytes + Self.recordBytes else {
      throw .setting(
        .unfinishedOutput,
        what:
          "\(file.path): this is the journal of another job for the same output (another recipe,"
          + " effort, source, matrix or version)")
    }
    let (places, losses, end) = try Self.places(in: file, slabCount: slabCount, size: size)
    try QuantError.wrapping { () throws(FileError) in
      try file.cut(to: end)
      if found != header { try file.write(header, at: 0) }
    }
    self.output = output
    self.file = file
    self.places = places
    self.losses = losses
    self.end = Locked(end)
  }

  /// Whether an earlier run finished anything.
  var isResuming: Bool { !places.isEmpty }

  /// What an earlier run noted of a slab; `nil` if it did not finish it.
  func earlier(_ slab: Int) throws(QuantError) -> Record? {
    guard slab < places.count, places[slab] > 0 else { return nil }
    let place = places[slab]
    var record = Self.record(try Self.bytes(of: file, place..<place + Self.recordBytes)[...])
    record?.loss = losses[slab] ?? WeightLoss()
    return record
  }

  /// Notes that a slab's bytes are written. Any thread may call it.
  func append(_ record: Record) throws(QuantError) {
    let bytes = (record.loss.count > 0 ? Self.lossBytes(of: record) : []) + Self.bytes(of: record)
    let place = end.withLock { end in
      defer { end += bytes.count }
      return end
    }
    try QuantError.wrapping { () throws(FileError) in try file.write(bytes, at: place) }
  }

  /// Removes the journal: the output is complete, or discarded. Only the first time counts, as another
  /// process may begin one of this name.
  func remove() {
    guard !isRemoved.exchange(true, ordering: .relaxed) else { return }
    file.remove()
    UnfinishedFiles.release(.output(output))
  }

  private static func header(_ fingerprint: UInt64, _ slabCount: Int) -> [UInt8] {
    magic + [fingerprint, UInt64(slabCount)].littleEndianBytes
  }

  private static func bytes(of record: Record) -> [UInt8] {
    bytes(
      record.slab, record.fingerprint, record.error.error, record.error.reference)
  }

  private static func lossBytes(of record: Record) -> [UInt8] {
    bytes(record.slab | lossMark, UInt64(record.loss.count), Double(record.loss.largest), 0)
  }

  private static func bytes(
    _ slab: Int, _ mark: UInt64, _ first: Double, _ second: Double
  ) -> [UInt8] {
    let body = [UInt64(slab), mark, first.bitPattern, second.bitPattern].littleEndianBytes
    return body + (unsafe Fingerprint.of(body.span.bytes)).littleEndianBytes
  }

  private static func bytes(
    of file: RecordFile, _ range: Range<Int>
  ) throws(QuantError) -> [UInt8] {
    try QuantError.wrapping { () throws(FileError) in try file.contents(range) }
  }

  /// Finds whole records up to the first that is torn: where they stand by slab, and where they end.
  private static func places(
    in file: RecordFile, slabCount: Int, size: Int
  ) throws(QuantError) -> (places: [Int], losses: [Int: WeightLoss], end: Int) {
    var places: [Int] = []
    var losses: [Int: WeightLoss] = [:]
    var end = headerBytes
    while end + recordBytes <= size {
      let count = min((size - end) / recordBytes, recordsPerRead)
      let bytes = try bytes(of: file, end..<end + count * recordBytes)
      for start in stride(from: 0, to: bytes.count, by: recordBytes) {
        guard let record = record(bytes[start..<start + recordBytes]),
          record.slab & ~lossMark < slabCount
        else { return (places, losses, end) }
        if record.slab & lossMark != 0 {
          losses[record.slab & ~lossMark] = WeightLoss(
            // No slab has more; the sum of all must be a number.
            count: Int(min(record.fingerprint, 1 << 40)), largest: Float(record.error.error))
        } else {
          if places.isEmpty { places = Array(repeating: 0, count: slabCount) }
          places[record.slab] = end
        }
        end += recordBytes
      }
    }
    return (places, losses, end)
  }

  /// A record from its bytes; `nil` if they do not agree with their fingerprint.
  private static func record(_ bytes: ArraySlice<UInt8>) -> Record? {
    let raw = Array(bytes)
    let span = unsafe raw.span.bytes
    guard Fingerprint.of(span.extracting(0..<32)) == span.u64(at: 32) else { return nil }
    return Record(
      slab: Int(clamping: span.u64(at: 0)), fingerprint: span.u64(at: 8),
      error: SquaredError(
        error: Double(bitPattern: span.u64(at: 16)),
        reference: Double(bitPattern: span.u64(at: 24))))
  }
}
