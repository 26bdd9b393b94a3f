// SPDX-License-Identifier: MIT
public import GGUF

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
    try QuantError.wrapping { () throws(GGUFError) in
      let output = try OutputFile(path: path, byteCount: bytes.count)
      try output.write(bytes, at: 0)
      try output.finish()
    }
  }

  /// The JSON text.
  package func bytes() throws(QuantError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(self))
    } catch {
      throw .unsupported("\(model): a measurement is not a finite number")
    }
  }

  /// Reads a file that `write` made.
  ///
  /// Throws `QuantError.unsupported` if it is something else or does not hold together.
  public static func read(_ path: String) throws(QuantError) -> Sensitivity {
    let bytes = try QuantError.wrapping { () throws(GGUFError) in
      let file = try MappedFile(path: path)
      guard file.byteCount <= largest else {
        throw .unsupported(file: path, what: "this is too large to be a sensitivity file")
      }
      var bytes = [UInt8](repeating: 0, count: file.byteCount)
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try file.read(at: 0, into: &raw)
      return bytes
    }
    guard let found = try? JSONDecoder().decode(Sensitivity.self, from: Data(bytes)),
      found.kind == kindName
    else {
      throw .unsupported("\(path): expected a file written by sensitivity, found something else")
    }
    try found.check(path)
    return found
  }

  /// Lists of a number a type, and damage that is a number.
  private func check(_ path: String) throws(QuantError) {
    for unit in units {
      let lists = [unit.bytes.count, unit.errors.count, unit.divergences.count]
      guard lists.allSatisfy({ $0 == types.count }) else {
        throw .unsupported(
          "\(path): \(unit.tensor): expected \(types.count) figures a list, found "
            + lists.map(String.init).joined(separator: ", "))
      }
      guard unit.divergences.allSatisfy({ $0.map { $0.isFinite && $0 >= 0 } ?? true }),
        unit.weights > 0, unit.expert.map({ (0..<65_536).contains($0) }) ?? true
      else {
        throw .unsupported("\(path): \(unit.tensor): a figure is out of range")
      }
    }
    if let name = types.first(where: { TensorType(name: $0) == nil }) {
      throw .unsupported("\(path): there is no type \"\(name)\"")
    }
  }

  /// Refuses a model other than the one measured.
  ///
  /// Throws `QuantError.unsupported`.
  public func check(_ file: GGUFFile) throws(QuantError) {
    let found = try Self.fingerprint(of: file)
    guard found == fingerprint else {
      throw .unsupported(
        "\(file.path): expected the model that the sensitivity was measured on (\(model), mark "
          + "\(fingerprint)), found another (mark \(found))")
    }
  }

  /// A mark of a model: its tensors' names, shapes and types, and the first bytes of each.
  ///
  /// Throws `QuantError.container` if they cannot be read.
  public static func fingerprint(of file: GGUFFile) throws(QuantError) -> String {
    var mark = Fingerprint()
    var bytes = [UInt8](repeating: 0, count: 256)
    for tensor in file.tensors {
      mark.add(tensor.name)
      for dimension in tensor.dimensions { mark.add(dimension) }
      mark.add(Int(tensor.type.rawValue))
      let count = min(bytes.count, tensor.byteCount ?? 0)
      try QuantError.wrapping { () throws(GGUFError) in
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        var window = raw.part(0..<count)
        try file.read(tensor, at: 0, into: &window)
      }
      mark.add(Array(bytes[..<count]))
    }
    let digits = String(mark.value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
