// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
public import QuantModels

/// The older form (`.dat`), all numbers little-endian:
///
///     int32 entries, then for each entry
///       int32 bytes of the name, the name
///       int32 runs, int32 values, float32 values: means times runs
///     int32 chunks; int32 bytes of the dataset's name, the name     (missing in the oldest files)
///
/// Experts of a merged tensor follow each other, and nothing says how many there are.
extension ImportanceMatrix {
  static func readLegacy(_ file: LocalFile) throws(QuantError) -> ImportanceMatrix {
    var reader = LegacyReader(file: file)
    let count = try reader.count("the number of entries", limit: reader.remaining / 17)
    var raw: [LegacyReader.RawEntry] = []
    for index in 0..<count { raw.append(try reader.entry(index)) }
    let chunks =
      reader.remaining > 0 ? try reader.count("the number of chunks", limit: .max, minimum: 0) : nil
    let dataset =
      reader.remaining > 0 ? try reader.text("the dataset's name", isEmptyAllowed: true) : ""
    guard reader.remaining == 0 else {
      throw reader.failure("\(reader.remaining) bytes after the dataset's name")
    }
    let experts = inferredExperts(raw)
    var entries: [Entry] = []
    for entry in raw { entries.append(try entry.checked(file, experts: experts)) }
    return try ImportanceMatrix(
      path: file.name, datasets: dataset.isEmpty ? [] : [dataset], chunkCount: chunks,
      chunkSize: nil, entries: entries)
  }

  /// Whether a file begins as the older form does: with a count, and a name that could be a tensor's.
  static func beginsAsLegacy(_ file: LocalFile) -> Bool {
    var reader = LegacyReader(file: file)
    let count = try? reader.count("the number of entries", limit: reader.remaining / 17)
    let name = try? reader.text("the name of entry 0")
    return count != nil && name?.contains(".weight") == true
  }

  /// Experts of each layer: the gate and up projections see the same columns as the router, once for
  /// each expert. A guess for reports; `entry(fitting:)` goes by the model itself.
  private static func inferredExperts(_ entries: [LegacyReader.RawEntry]) -> [Int: Int] {
    let sizes = Dictionary(
      entries.map { ($0.name, $0.valueCount) }, uniquingKeysWith: { a, _ in a })
    var experts: [Int: Int] = [:]
    for entry in entries {
      guard let name = ExpertTensorName(entry.name), name.expert == nil, name.projection != "down",
        let columns = sizes["blk.\(name.layer).ffn_gate_inp.weight"],
        entry.valueCount % columns == 0
      else { continue }
      experts[name.layer] = entry.valueCount / columns
    }
    return experts
  }
}

extension ImportanceMatrix {
  /// Writes the form that the name asks for: the older one for a name that ends in `.dat`.
  ///
  /// - Parameter path: The file; it is replaced only when the new one is whole.
  /// - Throws: `QuantError.file` if it cannot be written.
  public func write(as path: String) throws(QuantError) {
    if path.hasSuffix(".dat") { try writeLegacy(to: path) } else { try write(to: path) }
  }

  /// Writes the older form. It holds means and not counts: experts that no text reached are zeros.
  ///
  /// - Parameter path: The file; it is replaced only when the new one is whole.
  /// - Throws: `QuantError.file` if it cannot be written.
  public func writeLegacy(to path: String) throws(QuantError) {
    var writer = LegacyWriter()
    writer.integer(entries.count)
    for entry in entries {
      // The values are means times runs, and one run is enough to hold a mean.
      let calls = min(max(1, chunkCount ?? 1), Int(Int32.max))
      writer.text(entry.name)
      writer.integer(calls)
      writer.integer(entry.rowWeights * entry.expertCount)
      for expert in 0..<entry.expertCount {
        let means = entry.values(expert: expert) ?? Array(repeating: 0, count: entry.rowWeights)
        writer.floats(means.map { $0 * Float(calls) })
      }
    }
    writer.integer(chunkCount ?? 0)
    // There is room for one name.
    writer.text(datasets.joined(separator: ", "))
    try QuantError.wrapping { () throws(FileError) in
      try OutputFile.write(writer.bytes, to: path)
    }
  }
}

/// Builds the older form.
private struct LegacyWriter {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ value: Int) {
    bytes += Int32(clamping: value).littleEndianBytes
  }

  mutating func floats(_ values: [Float]) {
    bytes += values.map(\.bitPattern).littleEndianBytes
  }

  mutating func text(_ text: String) {
    integer(text.utf8.count)
    bytes += text.utf8
  }
}

/// A checked cursor over the older form.
private struct LegacyReader {
  struct RawEntry {
    let name: String
    let calls: Int
    let valueCount: Int
    let offset: Int

    /// The entry with as many experts as its layer has, if that divides its values.
    func checked(
      _ file: LocalFile, experts: [Int: Int]
    ) throws(QuantError) -> ImportanceMatrix.Entry {
      let merged = ExpertTensorName(name).flatMap { $0.expert == nil ? experts[$0.layer] : nil }
      let count = merged.flatMap { valueCount % $0 == 0 ? $0 : nil } ?? 1
      let sums = try QuantError.wrapping { () throws(FileError) in
        try FloatStore(file, offset: offset, count: valueCount, order: .little)
      }
      return try ImportanceMatrix.Entry(
        file: file.name, name: name, rowWeights: valueCount / count, expertCount: count,
        counts: nil, calls: Float(max(1, calls)), sums: sums)
    }
  }

  let file: LocalFile
  private var offset = 0
  /// No tensor's name is longer in GGUF; some room for older ones.
  private static let longestName = 4096

  init(file: LocalFile) { self.file = file }

  var remaining: Int { file.byteCount - offset }

  func failure(_ what: String) -> QuantError {
    .content(
      file: file.name, line: 0,
      what: "byte \(offset): \(what) (read as an importance matrix in the older format, "
        + "as the file does not begin with \"GGUF\")")
  }

  /// Reads a number and checks it against what the file has room for.
  mutating func count(_ what: String, limit: Int, minimum: Int = 1) throws(QuantError) -> Int {
    guard remaining >= 4 else { throw failure("the file ends before \(what)") }
    let value = try int32(at: offset)
    guard value >= minimum, value <= limit else {
      throw failure("\(what): expected \(minimum) to \(limit), found \(value)")
    }
    offset += 4
    return value
  }

  mutating func text(_ what: String, isEmptyAllowed: Bool = false) throws(QuantError) -> String {
    let limit = max(0, min(Self.longestName, remaining - 4))
    let length = try count(
      "the length of \(what)", limit: limit, minimum: isEmptyAllowed ? 0 : 1)
    guard let text = String(validating: try bytes(length), as: UTF8.self) else {
      throw failure("\(what) is not UTF-8 text")
    }
    offset += length
    return text
  }

  private func bytes(_ count: Int) throws(QuantError) -> [UInt8] {
    try QuantError.wrapping { () throws(FileError) in try file.bytes(offset..<offset + count) }
  }

  private func int32(at offset: Int) throws(QuantError) -> Int {
    let bytes = try QuantError.wrapping { () throws(FileError) in
      try file.bytes(offset..<offset + 4)
    }
    return Int(Int32(truncatingIfNeeded: bytes.reversed().reduce(0) { $0 << 8 | Int($1) }))
  }

  mutating func entry(_ index: Int) throws(QuantError) -> RawEntry {
    let name = try text("the name of entry \(index)")
    let calls = try count("the runs of \"\(name)\"", limit: .max, minimum: 0)
    let valueCount = try count("the values of \"\(name)\"", limit: max(0, remaining - 4) / 4)
    defer { offset += 4 * valueCount }
    return RawEntry(name: name, calls: calls, valueCount: valueCount, offset: offset)
  }
}
