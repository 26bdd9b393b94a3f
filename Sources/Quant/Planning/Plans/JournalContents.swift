// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// What a journal holds, as it is read record by record (see `Journal`).
struct JournalContents: Sendable {
  /// Where the records of slabs stand, by slab, zero for none; empty if there are none at all. The records
  /// themselves stay in the file.
  private(set) var places: [Int] = []
  /// The weights that a type cannot hold, by slab.
  private(set) var losses: [Int: WeightLoss] = [:]
  /// The notes of a refiner, in the order in which it made them.
  private(set) var notes: [[UInt64]] = []
  /// Where what is whole ends.
  private(set) var end = Journal.headerBytes
  private let slabCount: Int
  /// A note of which not all records were read yet, and how many words it still lacks.
  private var open: (words: [UInt64], missing: Int) = ([], 0)

  static let lossMark: UInt64 = 1 << 62
  static let noteMark: UInt64 = 1 << 61

  /// Nothing yet, of a job of so many slabs.
  init(slabCount: Int) { self.slabCount = slabCount }

  /// Takes a record; returns whether it is whole and of this job.
  mutating func add(_ bytes: ArraySlice<UInt8>, at place: Int) -> Bool {
    guard let words = Self.words(bytes) else { return false }
    let isTaken =
      words[0] & Self.noteMark != 0 ? addNote(words) : addSlab(words, at: place)
    if isTaken, open.missing == 0 { end = place + Journal.recordBytes }
    return isTaken
  }

  private mutating func addSlab(_ words: [UInt64], at place: Int) -> Bool {
    let slab = Int(clamping: words[0] & ~Self.lossMark)
    guard slab < slabCount, open.missing == 0 else { return false }
    if words[0] & Self.lossMark != 0 {
      losses[slab] = WeightLoss(
        // No slab has more; the sum of all must be a number.
        count: Int(min(words[1], 1 << 40)), largest: Float(Double(bitPattern: words[2])))
    } else {
      if places.isEmpty { places = Array(repeating: 0, count: slabCount) }
      places[slab] = place
    }
    return true
  }

  private mutating func addNote(_ words: [UInt64]) -> Bool {
    let left = Int(clamping: words[0] & ~Self.noteMark)
    guard open.missing == 0 ? (1...Journal.mostNoteWords).contains(left) : left == open.missing
    else { return false }
    open.words += words[1...3].prefix(left)
    open.missing = max(0, left - 3)
    guard open.missing == 0 else { return true }
    notes.append(open.words)
    open.words = []
    return true
  }

  /// The four words of a record; `nil` if they do not agree with their fingerprint.
  static func words(_ bytes: ArraySlice<UInt8>) -> [UInt64]? {
    let raw = Array(bytes)
    let span = unsafe raw.span.bytes
    guard Fingerprint.of(span.extracting(0..<32)) == span.u64(at: 32) else { return nil }
    return [0, 8, 16, 24].map { span.u64(at: $0) }
  }
}
