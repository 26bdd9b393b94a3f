// SPDX-License-Identifier: MIT
public import Foundation

/// A small disk of its own, for tests of what happens when a disk is full, read-only or broken.
///
/// Mounting takes Linux and its root user; a test that needs it says so:
/// `.enabled(if: TestDisk.isAvailable, TestDisk.need)`.
public final class TestDisk: Sendable {
  /// Where the disk is mounted.
  public let url: URL
  private let folder: TemporaryFolder
  private let device: String?
  /// The disk that holds this one's image, if it has less room than this one says.
  private let store: TestDisk?

  /// Whether disks can be mounted here; tries it once.
  public static let isAvailable = (try? TestDisk(byteCount: 1 << 20)) != nil
  /// Whether disks whose sectors cannot be read can be made here; tries it once.
  public static let canBreak: Bool = {
    guard isAvailable else { return false }
    return (try? TestDisk(unreadable: [1], from: 0)) != nil
  }()
  /// Why a test was skipped.
  public static let need = "needs to mount file systems: Linux, as root"

  /// A disk in memory, of so many bytes (whole pages).
  public init(byteCount: Int) throws {
    folder = try TemporaryFolder()
    url = folder.file("disk")
    device = nil
    store = nil
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    try Command.run("mount", "-t", "tmpfs", "-o", "size=\(byteCount)", "tmpfs", url.path)
  }

  /// A read-only disk with one file, `model.gguf`, whose bytes cannot be read from an offset on: the
  /// disk lies in an image that ends there.
  public init(unreadable bytes: [UInt8], from offset: Int) throws {
    folder = try TemporaryFolder()
    store = nil
    url = folder.file("disk")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    let image = folder.file("image")
    // A mark that is found again in the image, on a page of its own and before the file's pages.
    let size = 1 << 23
    try Self.makeSparse(image, byteCount: size)
    let content = folder.file("content")
    try FileManager.default.createDirectory(at: content, withIntermediateDirectories: false)
    try Data(bytes).write(to: content.appending(path: "model.gguf"))
    try Command.run(
      "mkfs.ext4", "-q", "-b", "4096", "-O", "^has_journal", "-d", content.path, image.path)
    let place = try Self.place(of: bytes, in: image) + offset / 4096 * 4096
    let device = try Command.run("losetup", "-r", "-f", "--show", image.path)
    self.device = device
    try Command.run("mount", "-o", "ro", device, url.path)
    // The device has its size from when it was made: what lies beyond the image's end is an error.
    try FileHandle(forWritingTo: image).truncate(atOffset: UInt64(place))
  }

  /// A disk that takes `promised` bytes of files, but can keep only `kept` of them: what goes beyond
  /// fails when it is synced, and is lost. Its image is sparse, and lies on a smaller disk.
  public init(promised: Int, kept: Int) throws {
    let store = try TestDisk(byteCount: kept)
    self.store = store
    folder = try TemporaryFolder()
    url = folder.file("disk")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    let image = store.url.appending(path: "image")
    try Self.makeSparse(image, byteCount: promised)
    try Command.run("mkfs.ext4", "-q", "-b", "4096", "-O", "^has_journal", image.path)
    let device = try Command.run("losetup", "-f", "--show", image.path)
    self.device = device
    try Command.run("mount", device, url.path)
  }

  /// Lets a disk in memory, or the one that holds this one's image, keep so many bytes.
  public func grow(to byteCount: Int) throws {
    let path = (store ?? self).url.path
    try Command.run("mount", "-o", "remount,size=\(byteCount)", path)
  }

  /// Takes a disk on a device away and puts it back, so that nothing of it is left in memory.
  public func remount() throws {
    guard let device else { return }
    try Command.run("umount", url.path)
    try Command.run("mount", device, url.path)
  }

  private static func makeSparse(_ image: URL, byteCount: Int) throws {
    try Data().write(to: image)
    try FileHandle(forWritingTo: image).truncate(atOffset: UInt64(byteCount))
  }

  private static func place(of bytes: [UInt8], in image: URL) throws -> Int {
    let whole = try Data(contentsOf: image)
    guard let found = whole.firstRange(of: Data(bytes.prefix(4096))) else {
      throw CocoaError(.fileReadUnknown)
    }
    return found.lowerBound
  }

  deinit {
    _ = try? Command.run("umount", "-l", url.path)
    if let device { _ = try? Command.run("losetup", "-d", device) }
  }

  /// The path of a file on the disk.
  public func path(_ name: String) -> String { url.appending(path: name).path }

  /// The names of the files on the disk.
  public var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }

  /// From now on, nothing can be written to the disk.
  public func makeReadOnly() throws {
    try Command.run("mount", "-o", "remount,ro", url.path)
  }
}

/// Programs of the system that tests need.
enum Command {
  /// Runs a program to its end and returns what it printed, without the last line end.
  @discardableResult
  static func run(_ words: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = (environment["PATH"] ?? "") + ":/usr/sbin:/sbin"
    process.environment = environment
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.executableLoad) }
    return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
}
