// SPDX-License-Identifier: MIT
#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Results for programs: one JSON object on standard output.
///
/// Keys are in snake case and sorted, sizes are integers whose keys end in `_bytes`. Numbers that
/// JSON does not have appear as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`. Characters that
/// could steer a terminal are escaped, those too that JSON allows as they are.
package enum JSONOutput {
  /// Writes a value as one object.
  package static func write(_ value: some Encodable) throws {
    try Output.write(try text(of: value) + "\n")
  }

  /// A value as JSON text.
  package static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return Text.printableJSON(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
