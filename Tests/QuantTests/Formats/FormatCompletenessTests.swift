// SPDX-License-Identifier: MIT
import BlockKernels
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Walks the registry and fails where a format is incomplete: see Docs/AddingAFormat.md.
@Suite("Every format is complete")
struct FormatCompletenessTests {
  private static var facts: [FormatFacts] { FormatRegistry.all.map { $0.facts } }

  @Test func `names and numbers belong to one format each, and to no other type`() {
    let rows = TensorTypeTable.all
    #expect(Set(rows.map(\.number)).count == rows.count)
    #expect(Set(rows.map(\.name)).count == rows.count)
    for facts in Self.facts {
      #expect(facts.type.name == facts.name && TensorType(name: facts.name) == facts.type)
    }
  }

  @Test func `every type of GGML can be read`() {
    for row in TensorTypeTable.all where row.status == .current {
      #expect(FormatRegistry.format(of: TensorType(rawValue: row.number)) != nil, "\(row.name)")
    }
  }

  @Test func `presets have a number and a name of their own`() {
    let presets = Self.facts.flatMap(\.fileTypes)
    let names = presets.map(\.name) + presets.compactMap(\.alias)
    #expect(Set(presets.map(\.number)).count == presets.count)
    #expect(Set(names).count == names.count)
    #expect(FileType.all.count == presets.count)
    for facts in Self.facts where !facts.fileTypes.isEmpty {
      #expect(FormatRegistry.encoder(of: facts.type) != nil, "\(facts.name) cannot be written")
    }
  }

  @Test(arguments: FormatTesting.encodableNames)
  func `a preset's type has a fallback that fits rows of 32`(name: String) throws {
    let facts = try FormatTesting.encoder(name).facts
    if let fallback = facts.fallback {
      #expect(FormatRegistry.encoder(of: fallback)?.layout.weightsPerBlock == 32)
    } else {
      #expect(facts.layout.weightsPerBlock <= 32 || facts.fileTypes.isEmpty)
    }
  }

  @Test(arguments: FormatTesting.encodableNames)
  func `a quantized preset's type says what activations are rounded to`(name: String) throws {
    let facts = try FormatTesting.encoder(name).facts
    if let activations = facts.activations {
      #expect(FormatRegistry.encoder(of: activations) != nil)
    } else {
      #expect(facts.layout.weightsPerBlock == 1 || facts.fileTypes.isEmpty)
    }
  }

  @Test(arguments: FormatTesting.names)
  func `floating-point fields lie inside the block`(name: String) throws {
    let format = try FormatTesting.format(name)
    for field in format.floatFields {
      let width: Int
      switch field.kind {
      case .half, .upperHalf: width = 2
      case .single: width = 4
      case .double: width = 8
      }
      #expect(field.offset >= 0 && field.offset + width <= format.layout.bytesPerBlock)
    }
  }

  /// Fields of a drawing: offset and bytes at the start of a line.
  @Test(arguments: FormatTesting.names)
  func `the file's drawing accounts for every byte of a block`(name: String) throws {
    let file = Paths.root.appending(path: "Sources/BlockKernels/Formats/\(name).swift")
    let text = try String(contentsOf: file, encoding: .utf8)
    let field = /^\/\/\/ +([0-9]+) +([0-9]+) +[^ ]/.anchorsMatchLineEndings()
    var end = 0
    for match in text.matches(of: field) {
      #expect(Int(match.output.1) == end, "\(name): a field begins at \(match.output.1)")
      end += Int(match.output.2) ?? 0
    }
    #expect(try end == FormatTesting.format(name).layout.bytesPerBlock)
  }

  /// No model is stored in a type without a preset that activations are rounded to, and the reference,
  /// which made the vectors, knows GGML's types alone.
  @Test func `the vectors hold blocks of every quantized type that models are stored in`() throws {
    let held = Set(try QuantVectors.shared().decodeTypes)
    let rounded = Set(Self.facts.compactMap(\.activations))
    for facts in Self.facts where facts.layout.weightsPerBlock > 1 && facts.status == .current {
      let isForActivations = facts.fileTypes.isEmpty && rounded.contains(facts.type)
      #expect(held.contains(facts.name) || isForActivations, "\(facts.name) has no vectors")
    }
  }
}

/// The table of kernels of each level that this machine has.
@Suite("Kernel tables")
struct KernelTableTests {
  private static let tables = KernelLevel.available.map { ($0, KernelTable(level: $0)) }

  @Test(arguments: FormatTesting.names)
  func `every level decodes every format to the same bits`(name: String) throws {
    let format = try FormatTesting.format(name)
    var random = SplitMix(state: UInt64(format.type.rawValue))
    let bytes = (0..<67 * format.layout.bytesPerBlock).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
    let decoded = Self.tables.map { level, table in
      var weights = [Float](repeating: 0, count: 67 * format.layout.weightsPerBlock)
      var span = weights.mutableSpan
      table.decode(bytes.span.bytes, of: format, into: &span)
      return weights.map { $0.isNaN ? 0x7FC0_0000 : $0.bitPattern }
    }
    for other in decoded.dropFirst() { #expect(other == decoded[0]) }
  }

  @Test(arguments: FormatTesting.encodableNames, Effort.allCases)
  func `every level encodes every format to the same bytes`(
    name: String, effort: Effort
  ) throws {
    let format = try FormatTesting.encoder(name)
    let width = 3 * max(format.layout.weightsPerBlock, 32)
    let rows = FormatTesting.rows(11, of: width, seed: 5)
    let importance = (0..<width).map { Float(1 + $0 % 7) }
    let encoded = Self.tables.map { level, table in
      var bytes = [UInt8](
        repeating: 0,
        count: rows.count / format.layout.weightsPerBlock * format.layout.bytesPerBlock)
      var span = bytes.mutableSpan
      var blocks = span.mutableBytes
      format.encode(
        rows.span, rowWeights: width, importance: importance.span, effort: effort,
        into: &blocks, by: table)
      return bytes
    }
    for other in encoded.dropFirst() { #expect(other == encoded[0]) }
  }
}
