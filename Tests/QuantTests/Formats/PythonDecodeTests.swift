// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Has an independent program, PyPI's gguf package, decode the blocks that we wrote.
@Suite("Decoding by PyPI's gguf")
struct PythonDecodeTests {
  /// What the package (0.19.0) knows of the types that we decode; Q1_0, Q2_0, Q8_1, Q8_K and the
  /// integers are unknown to it.
  private static let known: Set<String> = [
    "F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K",
    "Q6_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S", "IQ2_S", "IQ4_XS", "IQ1_M",
    "TQ1_0", "TQ2_0", "MXFP4", "NVFP4",
  ]

  @Test(.enabled(if: Python.has("gguf", "numpy"), "needs python3 with the packages gguf and numpy"))
  func `blocks decode to the same bits`() throws {
    let folder = try Paths.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    for format in FormatRegistry.all { try write(format, into: folder) }
    let script = Paths.root.appending(path: "Tests/Scripts/check_decode.py")
    let (status, text) = try Python.run([script.path, folder.path])
    #expect(status == 0, "\(text)")
    let ours = Set(FormatTesting.names)
    let same = text.split(separator: "\n").filter { $0.hasSuffix(" same") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(Self.known.intersection(ours).isSubset(of: same), "\(text)")
  }

  /// Writes blocks of our own making, or random ones for types that we only read, with their values.
  private func write(_ format: any BlockFormat.Type, into folder: URL) throws {
    let name = format.type.name
    let blocks: [UInt8]
    if let encoder = format as? any EncodableFormat.Type {
      blocks = encoder.encoded(FormatTesting.rows(8, of: 1024, seed: 11), rowWeights: 1024)
    } else if case let vectors = try QuantVectors.shared(), vectors.contains("decode.\(name).bytes")
    {
      blocks = try vectors.bytes("decode.\(name).bytes")
    } else {
      return
    }
    try Data(blocks).write(to: folder.appending(path: name + ".bytes"))
    let values = format.decoded(blocks).flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    try Data(values).write(to: folder.appending(path: name + ".values"))
  }
}

/// The machine's Python, if it has one.
enum Python {
  /// Whether these packages can be imported.
  static func has(_ packages: String...) -> Bool {
    (try? run(["-c", "import " + packages.joined(separator: ", ")]).status) == 0
  }

  /// Runs `python3` and returns its exit status and all it printed.
  static func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: text, as: UTF8.self))
  }
}
