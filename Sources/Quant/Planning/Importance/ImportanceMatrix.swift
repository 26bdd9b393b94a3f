// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantModels

/// How much each input column of a model's tensors matters: mean squared activations, gathered by
/// running the model over text.
///
/// Both forms of the file are read: GGUF, with counts for each expert, and the older `.dat`. Values
/// stay in the file until asked for, so that a matrix of many gigabytes costs no memory.
public struct ImportanceMatrix: Sendable {
  /// The file that it was read from, or a name for one that was not.
  public let path: String
  /// The texts that it was made from.
  public let datasets: [String]
  /// How many chunks of text were run; `nil` if the file does not say.
  public let chunkCount: Int?
  /// Tokens in a chunk; `nil` if the file does not say.
  public let chunkSize: Int?
  /// All entries, in the order of the file.
  public let entries: [Entry]

  private let places: [String: Int]
  /// Entries of single experts, by the name of the merged tensor and the expert's number.
  let singles: [String: [Int: Int]]

  /// Collects entries.
  ///
  /// - Parameters:
  ///   - path: A name for errors.
  ///   - datasets: The texts that it was made from.
  ///   - chunkCount: How many chunks of text were run.
  ///   - chunkSize: Tokens in a chunk.
  ///   - entries: The entries, each name once.
  /// - Throws: `QuantError.content` for a name that appears twice.
  public init(
    path: String, datasets: [String], chunkCount: Int?, chunkSize: Int?, entries: [Entry]
  ) throws(QuantError) {
    var places: [String: Int] = [:]
    var singles: [String: [Int: Int]] = [:]
    for (place, entry) in entries.enumerated() {
      guard places.updateValue(place, forKey: entry.name) == nil else {
        throw .content(file: path, line: 0, what: "entry \"\(entry.name)\" appears twice")
      }
      if let name = ExpertTensorName(entry.name), let expert = name.expert {
        singles[name.merged, default: [:]][expert] = place
      }
    }
    self.path = path
    self.datasets = datasets
    self.chunkCount = chunkCount
    self.chunkSize = chunkSize
    self.entries = entries
    self.places = places
    self.singles = singles
  }

  /// Reads a file of either form, told apart by its content.
  ///
  /// - Parameter path: The file.
  /// - Returns: The matrix, all its values checked.
  /// - Throws: `QuantError.content` for values that cannot be used, with the name of the entry, and
  ///   `.file` for a file that cannot be read.
  /// - Complexity: O(*n*) in the file's bytes; memory grows with the number of entries only.
  public static func read(_ path: String) throws(QuantError) -> ImportanceMatrix {
    let file = try QuantError.wrapping { () throws(FileError) in try LocalFile(path: path) }
    if isGGUF(file) { return try readGGUF(path) }
    let beginning = try QuantError.wrapping { () throws(FileError) in
      try file.bytes(0..<min(file.byteCount, FileKind.lookedAt))
    }
    if let kind = FileKind(beginning: beginning), kind != .legacyImportanceMatrix, kind != .zeros {
      throw .content(
        file: path, line: 0, what: "expected an importance matrix, found \(kind.inWords)")
    }
    return try readLegacy(file)
  }

  /// The entry of this name.
  public subscript(name: String) -> Entry? { places[name].map { entries[$0] } }

  /// Whether a GGUF file is an importance matrix rather than a model.
  public static func isImportanceMatrix(_ file: GGUFFile) -> Bool {
    file.metadata["general.type"]?.text == "imatrix"
  }

  /// Whether a file looks like an importance matrix of either form; a broken one does, too, as far
  /// as its beginning tells.
  ///
  /// - Parameter path: The file.
  /// - Returns: Whether `read` is the way to read it.
  /// - Throws: `QuantError.file` if it cannot be opened, or is a GGUF file with a broken header.
  public static func isImportanceMatrix(atPath path: String) throws(QuantError) -> Bool {
    let file = try QuantError.wrapping { () throws(FileError) in try LocalFile(path: path) }
    if isGGUF(file) {
      return isImportanceMatrix(
        try QuantError.wrapping { () throws(FileError) in
          try GGUFFile.open(path, requiring: .presentShards)
        })
    }
    return beginsAsLegacy(file)
  }

  /// Refuses a matrix whose file was changed since it was opened (see `ByteSource.checkUnchanged`).
  ///
  /// Throws `QuantError.file`. Complexity: O(*n*) in entries.
  func checkUnchanged() throws(QuantError) {
    for file in Set(entries.compactMap(\.sums.file)) {
      try QuantError.wrapping { () throws(FileError) in try file.checkUnchanged() }
    }
  }

  private static func isGGUF(_ file: LocalFile) -> Bool {
    file.byteCount >= 4 && (try? file.bytes(0..<4)) == Array("GGUF".utf8)
  }
}
