// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// One value of the metadata for other programs, as `edit --set-from-file` reads it back.
struct RawValue {
  /// The file, and the key in it.
  let path: String, key: String
  /// Its value.
  let value: MetadataValue

  /// Writes a text to the byte, a number in digits, a list as a line for each element. A terminal gets
  /// nothing that could steer it, and a line end.
  func write() throws {
    let bytes = try bytes()
    guard Terminal.output.isTerminal else { return try Output.write(bytes) }
    var lines = MetadataString(bytes: bytes).text.split(
      separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    try Output.write(lines.map { Text.printable(String($0)) + "\n" }.joined())
  }

  private func bytes() throws(QuantError) -> [UInt8] {
    guard let array = value.elements else { return Self.bytes(value) }
    guard array.elementType != .array else {
      throw error("its elements are lists, which have no lines")
    }
    var bytes: [UInt8] = []
    for (place, element) in array.values().enumerated() {
      let line = Self.bytes(element)
      guard !line.contains(UInt8(ascii: "\n")) else {
        throw error("element \(place) has a line end in it, so that its end could not be told")
      }
      bytes += line + [UInt8(ascii: "\n")]
    }
    return bytes
  }

  private static func bytes(_ value: MetadataValue) -> [UInt8] {
    guard case .string(let text) = value else { return Array(MetadataText.plain(value).utf8) }
    return text.bytes
  }

  private func error(_ reason: String) -> QuantError {
    .content(file: path, line: 0, what: "\(key): \(reason): take --json in place of --raw")
  }
}
