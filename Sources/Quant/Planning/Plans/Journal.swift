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
///
/// A note of a refiner is one record for three of its words: how many are left with bit 61 set, and the
/// next three.
public final class Journal: Sendable {
  /// The outcome of one slab.
  struct Record: Sendable, Equatable {
    let slab: Int
    let fingerprint: UInt64
    let error: SquaredError
    /// Weights that the type cannot hold.
    var loss = WeightLoss()
  }

  static let headerBytes = 24
  static let recordBytes = 40
  /// Records read at once: a model of a trillion weights has millions.
  private static let recordsPerRead = 4096
  private static let magic = Array("GGUFJRNL".utf8)

  private let output: String
  private let file: RecordFile
  private let isRemoved = Atomic(false)
  private let end: Locked<Int>
  /// What earlier runs left.
  private let contents: JournalContents
  /// The most words of a note.
  package static let mostNoteWords = 1 << 10

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
          + " effort, source, matrix, calibration or version)")
    }
    let contents = try Self.contents(of: file, slabCount: slabCount, size: size)
    try QuantError.wrapping { () throws(FileError) in
      try file.cut(to: contents.end)
      if found != header { try file.write(header, at: 0) }
    }
    self.output = output
    self.file = file
    self.contents = contents
    end = Locked(contents.end)
  }

  /// Whether an earlier run finished anything.
  var isResuming: Bool { !contents.places.isEmpty }

  /// What a refiner noted in earlier runs.
  var notes: [[UInt64]] { contents.notes }

  /// What an earlier run noted of a slab; `nil` if it did not finish it.
  func earlier(_ slab: Int) throws(QuantError) -> Record? {
    guard slab < contents.places.count, contents.places[slab] > 0 else { return nil }
    let place = contents.places[slab]
    let bytes = try Self.bytes(of: file, place..<place + Self.recordBytes)
    return JournalContents.words(bytes[...]).map { words in
      Record(
        slab: slab, fingerprint: words[1],
        error: SquaredError(
          error: Double(bitPattern: words[2]), reference: Double(bitPattern: words[3])),
        loss: contents.losses[slab] ?? WeightLoss())
    }
  }

  /// Notes that a slab's bytes are written. Any thread may call it.
  func append(_ record: Record) throws(QuantError) {
    let loss = record.loss
    let lossBytes =
      loss.count > 0
      ? Self.bytes([
        UInt64(record.slab) | JournalContents.lossMark, UInt64(loss.count),
        Double(loss.largest).bitPattern, 0,
      ]) : []
    let own = [
      UInt64(record.slab), record.fingerprint, record.error.error.bitPattern,
      record.error.reference.bitPattern,
    ]
    try append(lossBytes + Self.bytes(own))
  }

  /// Keeps a refiner's words. Any thread may call it.
  ///
  /// - Precondition: There are 1 to `mostNoteWords` of them.
  func append(note: [UInt64]) throws(QuantError) {
    precondition((1...Self.mostNoteWords).contains(note.count), "a note of another length")
    let records = stride(from: 0, to: note.count, by: 3).flatMap { start in
      let words = note[start..<min(start + 3, note.count)]
      let left = UInt64(note.count - start) | JournalContents.noteMark
      return Self.bytes([left] + words + Array(repeating: 0, count: 3 - words.count))
    }
    try append(records)
  }

  private func append(_ bytes: [UInt8]) throws(QuantError) {
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

  /// A record: four words, and a fingerprint of them.
  private static func bytes(_ words: [UInt64]) -> [UInt8] {
    let body = words.littleEndianBytes
    return body + (unsafe Fingerprint.of(body.span.bytes)).littleEndianBytes
  }

  private static func bytes(
    of file: RecordFile, _ range: Range<Int>
  ) throws(QuantError) -> [UInt8] {
    try QuantError.wrapping { () throws(FileError) in try file.contents(range) }
  }

  /// Takes whole records up to the first that is torn.
  private static func contents(
    of file: RecordFile, slabCount: Int, size: Int
  ) throws(QuantError) -> JournalContents {
    var contents = JournalContents(slabCount: slabCount)
    var start = headerBytes
    while start + recordBytes <= size {
      let count = min((size - start) / recordBytes, recordsPerRead)
      let bytes = try bytes(of: file, start..<start + count * recordBytes)
      for place in stride(from: 0, to: bytes.count, by: recordBytes) {
        guard contents.add(bytes[place..<place + recordBytes], at: start + place) else {
          return contents
        }
      }
      start += bytes.count
    }
    return contents
  }
}
