import Foundation
import GGUF
import TestSupport
import Testing

/// Every type of metadata set by `edit`, and read by PyPI's `gguf`.
@Suite(
  "edit, read by another",
  .enabled(if: Python.canImport("gguf"), "needs python3 with the package gguf (pip install gguf)"))
struct EditRoundTripTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["general.alignment"] = .uint32(64)
    model.add("some", [7, 3], .F16)
    try model.write(to: path)
  }

  /// The keys of a file as the other reader describes them, without the room.
  private func keys(_ path: String) throws -> [String: String] {
    struct Reading: Decodable { let keys: [[String]] }
    let output = try Python.run("check_container.py", "read", path)
    let pairs = try JSONDecoder().decode(Reading.self, from: output).keys.map { ($0[0], $0[1]) }
    return Dictionary(uniqueKeysWithValues: pairs.filter { $0.0 != HeaderRoom.key })
  }

  private func hexadecimal(_ text: String) -> String {
    "string:" + text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Type, text, and the value as the other reader has it.
  private var samples: [(type: String, text: String, described: String)] {
    [
      ("uint8", "255", "uint8:255"), ("int8", "-128", "int8:-128"),
      ("uint16", "65535", "uint16:65535"), ("int16", "-32768", "int16:-32768"),
      ("uint32", "4294967295", "uint32:4294967295"), ("int32", "-2147483648", "int32:-2147483648"),
      ("uint64", "18446744073709551615", "uint64:18446744073709551615"),
      ("int64", "-9223372036854775808", "int64:-9223372036854775808"),
      ("float32", "-1.5", "float32:\(Float(-1.5).bitPattern)"),
      ("float64", "0.1", "float64:\(0.1.bitPattern)"), ("bool", "true", "bool:1"),
      ("string", "Grüße, 世界 🌍\n", hexadecimal("Grüße, 世界 🌍\n")),
    ]
  }

  @Test(arguments: [[], ["--header-room", "1MiB"]])
  func `a value and a list of every type`(_ room: [String]) throws {
    var expected = try keys(path)
    var words: [String] = []
    for (type, text, described) in samples {
      let element = text.replacing(",", with: "\\,")
      words += ["--set", "value.\(type):\(type)=\(text)"]
      words += ["--set", "list.\(type)[]:\(type)=\(element),\(element)"]
      words += ["--set", "list.\(type)[]+=\(element)"]
      words += ["--set", "empty.\(type)[]:\(type)="]
      expected["value.\(type)"] = described
      expected["list.\(type)"] = "array:\(type)[\(described),\(described),\(described)]"
      expected["empty.\(type)"] = "array:\(type)[]"
    }
    let run = try Tool.run(["edit", path] + words + room)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try keys(path) == expected)
    for (type, _, described) in samples {
      expected["list.\(type)"] = "array:\(type)[\(described),\(described)]"
      expected["value.\(type)"] = nil
      expected["renamed.\(type)"] = described
    }
    let again = samples.flatMap { type, text, _ in
      ["--set", "list.\(type)[]=\(text.replacing(",", with: "\\,")),0", "--rename"]
        + ["value.\(type)=renamed.\(type)", "--set", "list.\(type)[1]=\(text)"]
    }
    let second = try Tool.run(["edit", path] + again)
    #expect(second.status == 0, "\(second.errors)")
    #expect(try keys(path) == expected)
    #expect(
      try Tool.run(["edit", path, "--delete", "list.*", "--delete", "renamed.*"]).status == 0)
    #expect(
      try keys(path) == expected.filter { !$0.key.hasPrefix("list") && !$0.key.hasPrefix("re") })
  }

  @Test func `values of every type copied, lists in lists among them`() throws {
    let other = folder.path("other.gguf")
    try ModelFile.everyType.write(to: other)
    let run = try Tool.run(["edit", path, "--copy-from", other, "*"])
    #expect(run.status == 0, "\(run.errors)")
    var expected = try keys(other)
    expected["general.alignment"] = "uint32:64"
    #expect(try keys(path) == expected)
  }
}
