// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Files that must be refused with a sentence that says why (row I1 of the survey of bad input).
@Suite("ImportanceMatrix: malformed files")
struct MalformedImportanceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A way to spoil a good file, and what the error must say.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let expected: [String]
    let file: @Sendable () -> [UInt8]

    init(_ description: String, _ expected: String..., file: @escaping @Sendable () -> [UInt8]) {
      testDescription = description
      self.expected = expected
      self.file = file
    }
  }

  @Test(arguments: legacyCases)
  func `older form`(_ bad: Case) throws { try check(bad) }

  @Test(arguments: ggufCases)
  func `GGUF form`(_ bad: Case) throws { try check(bad) }

  private func check(_ bad: Case) throws {
    try expectFailure(try folder.write(bad.file(), "imatrix"), bad.expected)
  }

  private func expectFailure(_ path: String, _ expected: [String]) throws {
    #expect {
      _ = try ImportanceMatrix.read(path)
    } throws: { error in
      guard error is QuantError else { return false }
      let text = "\(error)"
      let isNamed = expected.allSatisfy { text.contains($0) } && text.contains(path)
      if !isNamed { Issue.record("the error says: \(text)") }
      return isNamed
    }
  }

  @Test func `counts whose sum has no place in a whole number are summed all the same`() throws {
    let experts = 10_000  // 10^15 each at most, as reports clamp them
    let entry = try ImportanceMatrix.Entry(
      name: "blk.0.ffn_up_exps.weight", rowWeights: 1, sums: Array(repeating: 1, count: experts),
      counts: Array(repeating: 3e38, count: experts))
    let matrix = try ImportanceMatrix(
      path: "imatrix", datasets: [], chunkCount: nil, chunkSize: nil, entries: [entry])
    let layer = try #require(ExpertCoverage(matrix).layers.first)
    #expect(layer.mean == Double(layer.most) && layer.rare.isEmpty)
  }

  @Test func `a file cut anywhere is refused or reads as an older one without a tail`() throws {
    let whole = Legacy().bytes
    for length in 0..<whole.count {
      let path = try folder.write(Array(whole[..<length]), "cut.dat")
      let withoutTail = whole.count - Legacy.tailBytes
      if length == withoutTail || length == withoutTail + 4 {
        #expect(throws: Never.self) { try ImportanceMatrix.read(path) }
      } else {
        #expect(throws: QuantError.self) { try ImportanceMatrix.read(path) }
      }
    }
  }

  @Test func `experts without data are reported, not refused`() throws {
    var legacy = Legacy()
    legacy.entries = [
      ("blk.0.ffn_gate_inp.weight", 1, [1, 2]),
      ("blk.0.ffn_up_exps.weight", 1, [1, 2, 0, 0, 1, 1]),
    ]
    let path = try folder.write(legacy.bytes, "zero.dat")
    let matrix = try ImportanceMatrix.read(path)
    #expect(matrix["blk.0.ffn_up_exps.weight"]?.uncoveredExperts == [1, 2])
  }

  static let legacyCases: [Case] = [
    Case("empty file", "ends before the number of entries") { [] },
    Case("no entries", "number of entries", "found 0") { Legacy(count: 0).bytes },
    Case("negative count", "number of entries", "found -1") { Legacy(count: -1).bytes },
    Case("count beyond the file", "number of entries") { Legacy(count: .max).bytes },
    Case("name beyond the file", "length of the name of entry 0") { Legacy(nameBytes: .max).bytes },
    Case("negative name", "length of the name") { Legacy(nameBytes: -5).bytes },
    Case("name that is not UTF-8", "UTF-8") { Legacy(rawName: [0xFF, 0xFE, 0x80, 0x81]).bytes },
    Case("negative runs", "the runs of \"a.weight\"") { Legacy(calls: -1).bytes },
    Case("values beyond the file", "the values of \"a.weight\"") { Legacy(values: .max).bytes },
    Case("no values", "the values of \"a.weight\"", "found 0") { Legacy(values: 0).bytes },
    Case("NaN", "\"a.weight\"", "column 1", "nan") { Legacy(data: [1, .nan, 2]).bytes },
    Case("infinity", "\"a.weight\"", "column 2", "inf") { Legacy(data: [1, 1, .infinity]).bytes },
    Case("negative value", "\"a.weight\"", "-3") { Legacy(data: [1, -3, 2]).bytes },
    Case("the same name twice", "\"a.weight\" appears twice") {
      var legacy = Legacy()
      legacy.entries.append(legacy.entries[0])
      return legacy.bytes
    },
    Case("bytes after the end", "2 bytes after") { Legacy().bytes + [1, 2] },
  ]

  static let ggufCases: [Case] = [
    Case("a model", "expected an importance matrix") { gguf(type: "model") },
    Case("no type", "expected an importance matrix") { gguf(type: nil) },
    Case("no counts", "\"a.weight\" has no counts") { gguf(counts: nil) },
    Case("no sums", "\"a.weight\" has counts but no sums") { gguf(sums: nil) },
    Case("too few counts", "\"a.weight\"", "expected 2 counts") { gguf(counts: ([1], [4])) },
    Case("too many counts", "\"a.weight\"", "1 × 3") { gguf(counts: ([1, 3], [1, 1, 1])) },
    Case("no columns", "\"a.weight\"") { gguf(sums: ([0, 2], [])) },
    Case("NaN sum", "\"a.weight\", expert 1", "nan") { gguf(sums: ([2, 2], [1, 2, .nan, 1])) },
    Case("negative sum", "\"a.weight\", expert 0", "-1") { gguf(sums: ([2, 2], [1, -1, 1, 1])) },
    Case("infinite sum", "expert 1", "inf") { gguf(sums: ([2, 2], [1, 1, 1, .infinity])) },
    Case("NaN count", "expert 1", "a count of nan") { gguf(counts: ([1, 2], [1, .nan])) },
    Case("negative count", "expert 0", "a count of -2") { gguf(counts: ([1, 2], [-2, 1])) },
    Case("sums of another type", "expected F32 numbers, found F16") { gguf(sumsType: .F16) },
  ]

  typealias Table = (dimensions: [Int], values: [Float])

  /// A small matrix in the GGUF form, spoilt by the arguments.
  private static func gguf(
    type: String? = "imatrix", sums: Table? = ([2, 2], [1, 2, 3, 4]),
    counts: Table? = ([1, 2], [1, 1]), sumsType: TensorType = .F32
  ) -> [UInt8] {
    var model = ModelFile()
    if let type { model.metadata["general.type"] = .string(MetadataString(type)) }
    if let sums {
      let bytes = sumsType == .F32 ? littleEndian(sums.values) : nil
      model.add("a.weight.in_sum2", sums.dimensions, sumsType, bytes: bytes)
    }
    if let counts {
      model.add("a.weight.counts", counts.dimensions, bytes: littleEndian(counts.values))
    }
    return (try? model.fileBytes()) ?? []
  }
}

/// The older form, with one good entry unless told otherwise.
private struct Legacy {
  var entries: [(name: String, calls: Int32, values: [Float])]
  private var count: Int32?
  private var nameBytes: Int32?
  private var rawName: [UInt8]?
  private var valueCount: Int32?
  static let tailBytes = 4 + 4 + 4

  init(
    count: Int32? = nil, nameBytes: Int32? = nil, rawName: [UInt8]? = nil, calls: Int32 = 2,
    values: Int32? = nil, data: [Float] = [2, 4, 6]
  ) {
    entries = [("a.weight", calls, data)]
    self.count = count
    self.nameBytes = nameBytes
    self.rawName = rawName
    valueCount = values
  }

  var bytes: [UInt8] {
    var bytes = (count ?? Int32(entries.count)).littleEndianBytes
    for entry in entries {
      let name = rawName ?? Array(entry.name.utf8)
      bytes += (nameBytes ?? Int32(name.count)).littleEndianBytes + name
      bytes += [entry.calls, valueCount ?? Int32(entry.values.count)].littleEndianBytes
      bytes += littleEndian(entry.values)
    }
    return bytes + [Int32(7), 4].littleEndianBytes + Array("text".utf8)
  }
}

private func littleEndian(_ values: [Float]) -> [UInt8] {
  values.map(\.bitPattern).littleEndianBytes
}
