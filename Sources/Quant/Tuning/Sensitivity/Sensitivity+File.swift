// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Sensitivity {
  /// Larger than the file of any model: a hostile one is not trusted with memory.
  private static let largest = 1 << 28

  /// Writes the file: whole or not at all.
  ///
  /// Throws `QuantError` if it cannot be written.
  public func write(to path: String) throws(QuantError) {
    let bytes = try bytes()
    try QuantError.wrapping { () throws(FileError) in
      try OutputFile.write(bytes, to: path)
    }
  }

  /// The JSON text.
  package func bytes() throws(QuantError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(self))
    } catch {
      throw .content(file: model, line: 0, what: "a measurement is not a finite number")
    }
  }

  /// Whether a file says that it is one of these, right or wrong.
  ///
  /// Throws `QuantError.file` if it cannot be opened.
  public static func isKind(_ path: String) throws(QuantError) -> Bool {
    let name = Array("\"\(kindName)\"".utf8)
    // Keys are sorted: the kind comes after the short lists at the head.
    let head = try QuantError.wrapping { () throws(FileError) in
      let file = try LocalFile(path: path)
      return try file.bytes(0..<min(file.byteCount, 1 << 16))
    }
    return head.firstRange(of: name) != nil
  }

  /// Reads a file that `write` made.
  ///
  /// Throws `QuantError.content` if it is something else or does not hold together.
  public static func read(_ path: String) throws(QuantError) -> Sensitivity {
    let bytes = try QuantError.wrapping { () throws(FileError) in
      try LocalFile.contents(of: path, limit: largest, kind: "a sensitivity file")
    }
    guard let found = try? JSONDecoder().decode(Sensitivity.self, from: Data(bytes)),
      found.kind == kindName
    else {
      throw .content(
        file: path, line: 0, what: "expected a file written by sensitivity, found something else")
    }
    try found.check(path)
    return found
  }

  /// Lists of a number a type, and damage that is a number.
  private func check(_ path: String) throws(QuantError) {
    for unit in units {
      let lists = [unit.bytes.count, unit.errors.count, unit.divergences.count]
      guard lists.allSatisfy({ $0 == types.count }) else {
        throw .content(
          file: path, line: 0,
          what: "\(unit.tensor): expected \(types.count) figures a list, found "
            + lists.map(String.init).joined(separator: ", "))
      }
      guard (unit.divergences + unit.errors).allSatisfy({ $0.map(Self.isSound) ?? true }),
        unit.bytes.allSatisfy({ $0.map { (0...1 << 50).contains($0) } ?? true }),
        (1...1 << 50).contains(unit.weights), (0...1 << 50).contains(unit.tokens),
        (0..<65_536).contains(unit.layer ?? 0), (0..<65_536).contains(unit.expert ?? 0)
      else {
        throw .content(file: path, line: 0, what: "\(unit.tensor): a figure is out of range")
      }
    }
    if let name = types.first(where: { TensorType(name: $0) == nil }) {
      throw .content(file: path, line: 0, what: "there is no type \"\(name)\"")
    }
  }

  /// More nats than any prediction can lose, and errors far beyond any state.
  private static func isSound(_ figure: Double) -> Bool { figure >= 0 && figure <= 1e12 }

  /// Refuses a model other than the one measured.
  ///
  /// Throws `QuantError.mismatch`.
  public func check(_ source: any ModelSource) throws(QuantError) {
    let found = try ModelIdentity.content(of: source)
    guard found == fingerprint else {
      throw .mismatch(
        file: source.path,
        what: "expected the model that the sensitivity was measured on (\(model), fingerprint "
          + "\(fingerprint)), found another (fingerprint \(found))")
    }
    var seen: Set<String> = []
    for unit in units { try check(unit, source, &seen) }
  }

  /// Holds a unit to the model's tensor.
  private func check(
    _ unit: Unit, _ source: any ModelSource, _ seen: inout Set<String>
  ) throws(QuantError) {
    let tensor = try QuantError.wrapping { () throws(FileError) in try source.tensor(unit.tensor) }
    let isMerged = ExpertTensorName(unit.tensor).map { $0.expert == nil } ?? false
    let matrices = isMerged ? tensor.matrixCount : 1
    let bytes = types.map { name in
      TensorType(name: name)?.layout.map { unit.weights / $0.weightsPerBlock * $0.bytesPerBlock }
    }
    guard matrices > 0, unit.weights == tensor.weightCount / matrices,
      isMerged ? (0..<matrices).contains(unit.expert ?? -1) : true,
      unit.layer == TensorName.layer(of: unit.tensor),
      zip(unit.bytes, bytes).allSatisfy({ $0 == nil || $0 == $1 }),
      seen.insert("\(unit.tensor)#\(unit.expert ?? -1)").inserted
    else {
      throw .content(
        file: source.path, line: 0,
        what: "tensor \"\(unit.tensor)\": the sensitivity file does not fit it, or names it"
          + " twice")
    }
  }
}
