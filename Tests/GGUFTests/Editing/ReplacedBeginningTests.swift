import Foundation
import GGUF
import LocalFiles
import TestSupport
import Testing

/// Writing over the beginning of a file, cut off at every step.
@Suite("Replaced beginnings") struct ReplacedBeginningTests {
  let folder: TemporaryFolder
  let path: String
  private let old = [UInt8](repeating: 1, count: 20_000)
  private var new: [UInt8] { old.indices.map { $0 < 100 ? 1 : $0 % 3 == 0 ? 1 : 2 } }
  private let rest = [UInt8](repeating: 9, count: 5000)

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.write(old + rest, "file")
  }

  private func content() throws -> [UInt8] { try LocalFile.contents(of: path) }

  /// The steps of a way, and what the file holds where it ends at each of them.
  private func end(_ way: ReplacedBeginning.Way, at place: Int) throws -> (step: String?, [UInt8]) {
    _ = try folder.write(old + rest, "file")
    var steps: [String] = []
    let failure = FileError.invalid(file: "", what: "ended")
    do {
      _ = try ReplacedBeginning.replace(path, old: old, new: new, ways: [way]) {
        step throws(FileError) in
        steps.append(step)
        if steps.count == place { throw failure }
      }
      return (nil, try content())
    } catch let error as FileError where error == failure {
      return (steps.last, try content())
    }
  }

  @Test(arguments: [ReplacedBeginning.Way.copy, .journal])
  func `what ends at any step leaves the old or the new file`(
    _ way: ReplacedBeginning.Way
  ) throws {
    var place = 1
    while case (let step?, let bytes) = try end(way, at: place) {
      let isNew = ["sync", "removal"].contains(step)
      #expect(bytes == (isNew ? new : old) + rest, "\(step)")
      #expect(!Disk.exists(BeginningJournal.path(of: path)))
      place += 1
    }
    #expect(place == (way == .copy ? 3 : 6))
    #expect(try end(way, at: .max).1 == new + rest)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
  }

  @Test func `a change within a page is one write`() throws {
    var changed = old
    changed[5000] = 7
    changed[8191] = 7
    #expect(try ReplacedBeginning.replace(path, old: old, new: changed) == .page)
    #expect(try content() == changed + rest)
    changed[8192] = 7
    #expect(
      try ReplacedBeginning.replace(
        path, old: Array((changed + rest)[..<8192]) + [1], new: Array(changed[...8192])) == .page)
    #expect(try ReplacedBeginning.replace(path, old: changed, new: changed) == nil)
  }

  @Test func `a file with two names keeps both`() throws {
    let other = folder.path("other")
    try FileManager.default.linkItem(atPath: path, toPath: other)
    #expect(try ReplacedBeginning.replace(path, old: old, new: new) == .journal)
    #expect(try LocalFile.contents(of: other) == new + rest)
  }

  @Test func `a symbolic link stays, and what it leads to changes`() throws {
    let link = folder.path("link")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
    _ = try ReplacedBeginning.replace(link, old: old, new: new)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
    #expect(try content() == new + rest)
  }

  @Test func `permissions and holes stay`() throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: 1 << 30)
    try handle.close()
    let way = try ReplacedBeginning.replace(path, old: old, new: new, ways: [.clone, .copy])
    #expect(way != nil)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(attributes[.size] as? Int == 1 << 30)
    #expect(Disk.allocatedBytes(of: path) < 1 << 20)
  }

  @Test func `a file that was changed since is refused`() throws {
    #expect(throws: FileError.self) {
      try ReplacedBeginning.replace(
        path, old: Array(repeating: 3, count: 300), new: Array(repeating: 4, count: 300))
    }
    #expect(try content() == old + rest)
  }

  @Test func `a journal that was cut off is removed, and a foreign one is told`() throws {
    let journal = BeginningJournal.path(of: path)
    for bytes in [[], Array("GGUFEDT1".utf8), Array("GGUFEDT1 and more".utf8), [0, 0, 0]] {
      _ = try folder.write(bytes, "file.edit-journal")
      #expect(try content() == old + rest)
      #expect(!Disk.exists(journal))
    }
    _ = try folder.write([1, 2, 3], "file.edit-journal")
    #expect(try content() == old + rest)
    #expect(Disk.exists(journal), "a file of somebody else's")
    #expect(throws: FileError.self) {
      try ReplacedBeginning.replace(path, old: old, new: new, ways: [.journal])
    }
    #expect(try LocalFile.contents(of: journal) == [1, 2, 3], "it is not written over")
    #expect(try content() == old + rest)
    try FileManager.default.removeItem(atPath: journal)
    // The journal of an edit that was cut off, and then another program wrote the file.
    let failure = FileError.invalid(file: "", what: "ended")
    #expect(throws: failure) {
      try ReplacedBeginning.replace(path, old: old, new: new, ways: [.journal]) {
        step throws(FileError) in
        if step == "second half" { throw failure }
      }
    }
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.seek(toOffset: 102)
    try handle.write(contentsOf: [77])
    try handle.close()
    #expect { try content() } throws: { "\($0)".contains("remove the journal") }
    #expect(Disk.exists(journal))
  }

  @Test func `a journal of a place beyond all files is told`() throws {
    func bytes(_ number: UInt64) -> [UInt8] { [number].littleEndianBytes }
    var journal = Array("GGUFEDT1".utf8) + bytes(UInt64(old.count + rest.count))
    journal += bytes(UInt64(Int.max)) + bytes(4) + Array("abcdefgh".utf8)
    let hash = journal.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    _ = try folder.write(journal + bytes(hash), "file.edit-journal")
    #expect { try content() } throws: { "\($0)".contains("remove the journal") }
  }
}
