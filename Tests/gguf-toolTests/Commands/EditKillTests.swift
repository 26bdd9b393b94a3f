import Foundation
import GGUF
import TestSupport
import Testing

/// Edits in place that are killed without warning.
@Suite("Killed edits") struct EditKillTests {
  let folder: TemporaryFolder
  let path: String
  private static let points = 20

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("model.gguf")
    var model = TinyLlama().file()
    // A header of some size, so that writing it takes time.
    model.metadata["own.list"] = .array(
      MetadataArray(strings: (0..<200_000).map { "element \($0)" }))
    model.metadata = model.metadata.withHeaderRoom(1 << 20)
    try model.write(to: path)
  }

  private var words: [String] {
    [
      "edit", path, "--delete", "general.name", "--set",
      "own.list[7]=\(String(repeating: "x", count: 999))",
    ]
  }

  /// Kills the edit a while after it began, over and over; true if the file is the new one then.
  private func killed(after microseconds: UInt32, _ old: [UInt8], _ new: [UInt8]) throws -> Bool {
    let process = try Tool.start(words)
    usleep(microseconds)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    // Opening puts right what is left of an edit in the file itself.
    let found = try GGUFFile.open(path)
    let content = try LocalFile.contents(of: path)
    #expect(content == old || content == new, "killed after \(microseconds) µs")
    #expect(found.tensors.count == TinyLlama().shapes.count)
    #expect(!Disk.exists(path + ".edit-journal"))
    return content == new
  }

  /// With a second name the file itself is written over, with a journal; else it is replaced whole.
  @Test(arguments: [false, true])
  func `killed at twenty points, the file is the old or the new one`(_ isLinked: Bool) throws {
    let old = try LocalFile.contents(of: path)
    let start = ContinuousClock.now
    #expect(try Tool.run(words).status == 0)
    let whole = (ContinuousClock.now - start) / .microseconds(1)
    let new = try LocalFile.contents(of: path)
    #expect(old.count == new.count && old != new)
    func restore() throws {
      try FileManager.default.removeItem(atPath: path)
      try? FileManager.default.removeItem(atPath: folder.path("linked"))
      try Data(old).write(to: URL(filePath: path))
      if isLinked {
        try FileManager.default.linkItem(atPath: path, toPath: folder.path("linked"))
      }
    }
    try restore()
    for point in 0..<Self.points {
      let time = UInt32(whole * Double(point + 1) / Double(Self.points))
      if try killed(after: time, old, new) { try restore() }
    }
    let last = try Tool.run(words)
    #expect(last.status == 0, "\(last.errors)")
    #expect(try LocalFile.contents(of: path) == new)
  }
}
