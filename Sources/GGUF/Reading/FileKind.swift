// SPDX-License-Identifier: MIT

/// What a file is that people take for a model, as its first bytes tell.
public enum FileKind: Sendable, CaseIterable {
  case gguf, reversedGGUF, oldGGML, zeros
  case safetensors, legacyImportanceMatrix, lfsPointer, webPage, json, text
  case utf16, zip, gzip, zstd, xz, bzip2, pdf, parquet

  /// The bytes that `init(beginning:)` looks at; fewer are fewer chances.
  public static let lookedAt = 4096

  /// Tells the kind of a file; `nil` for bytes that nothing is known of.
  ///
  /// - Parameter beginning: The first bytes of the file.
  /// - Complexity: O(1): no more than `lookedAt` bytes are looked at.
  public init?(beginning: [UInt8]) {
    let bytes = Array(beginning.prefix(Self.lookedAt))
    let found =
      Self.magics.first { bytes.starts(with: $0.bytes) }?.kind ?? Self.structured(bytes)
      ?? Self.textual(bytes)
    guard let found else { return nil }
    self = found
  }

  private static let magics: [(bytes: [UInt8], kind: FileKind)] =
    ["lmgg", "tjgg", "fmgg", "algg", "GGML", "ggjt"].map { (Array($0.utf8), .oldGGML) } + [
      (Array("GGUF".utf8), .gguf), (Array("FUGG".utf8), .reversedGGUF),
      (Array("version https://git-lfs".utf8), .lfsPointer), ([0x50, 0x4B, 3, 4], .zip),
      ([0x1F, 0x8B], .gzip), ([0x28, 0xB5, 0x2F, 0xFD], .zstd),
      ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .xz),
      (Array("%PDF-".utf8), .pdf), (Array("PAR1".utf8), .parquet),
    ]

  /// Kinds that no magic begins.
  private static func structured(_ bytes: [UInt8]) -> FileKind? {
    if isUTF16(bytes) { return .utf16 }
    guard bytes.count >= 4 else { return nil }
    if bytes.prefix(4).allSatisfy({ $0 == 0 }) { return .zeros }
    if bytes.starts(with: "BZh".utf8), bytes.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26]) {
      return .bzip2
    }
    if isSafetensors(bytes) { return .safetensors }
    return isLegacyImportanceMatrix(bytes) ? .legacyImportanceMatrix : nil
  }

  /// A length of eight bytes, and a header of JSON.
  private static func isSafetensors(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 9 else { return false }
    let length = number(bytes[0..<8])
    return length > 1 && length < 1 << 30 && bytes[8] == UInt8(ascii: "{")
  }

  /// A count of entries, and the first one's name.
  private static func isLegacyImportanceMatrix(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 16 else { return false }
    let (count, length) = (number(bytes[0..<4]), number(bytes[4..<8]))
    guard (1..<1 << 24).contains(count), (8...256).contains(length), bytes.count >= 8 + length
    else { return false }
    let name = bytes[8..<8 + length]
    return name.allSatisfy { (0x20..<0x7F).contains($0) }
      && String(decoding: name, as: UTF8.self).contains(".weight")
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// A byte order mark, or zeros in every second place and hardly any in the others.
  private static func isUTF16(_ bytes: [UInt8]) -> Bool {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return true }
    guard bytes.count >= 16 else { return false }
    let zeros = [0, 1].map { first in
      stride(from: first, to: bytes.count, by: 2).count { bytes[$0] == 0 }
    }
    let half = bytes.count / 2
    return zeros.contains { $0 * 10 >= half * 7 } && zeros.contains { $0 * 20 <= half }
  }

  private static func textual(_ bytes: [UInt8]) -> FileKind? {
    let isText = bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
    // The last character may be cut apart.
    guard isText, (0..<4).contains(where: { isUTF8(bytes.dropLast($0)) }) else { return nil }
    let start = bytes.drop { $0 <= 0x20 }.prefix(9)
    let word = String(decoding: start, as: UTF8.self).lowercased()
    if word.hasPrefix("<!doctype") || word.hasPrefix("<html") { return .webPage }
    return word.hasPrefix("{") || word.hasPrefix("[") ? .json : start.isEmpty ? nil : .text
  }

  private static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
  }
}

extension FileKind {
  /// What the file is, in words that follow "found".
  public var inWords: String {
    switch self {
    case .gguf: "a GGUF file"
    case .reversedGGUF: "\"FUGG\", the magic with its bytes reversed"
    case .oldGGML: "an old GGML file"
    case .zeros: "zeros, as an interrupted quantization leaves them"
    case .safetensors: "a safetensors file"
    case .legacyImportanceMatrix: "an importance matrix in the older format"
    case .lfsPointer: "a Git LFS pointer in place of the file"
    case .webPage: "a web page, perhaps of a failed download"
    case .json: "JSON text, perhaps the configuration of a model"
    case .text: "text, perhaps the message of a failed download"
    case .utf16: "UTF-16 text"
    case .zip: "a ZIP archive, perhaps a PyTorch checkpoint"
    case .gzip: "a file compressed with gzip"
    case .zstd: "a file compressed with zstd"
    case .xz: "a file compressed with xz"
    case .bzip2: "a file compressed with bzip2"
    case .pdf: "a PDF document"
    case .parquet: "a Parquet table"
    }
  }

  /// What can be done where a model is wanted; `nil` where nothing is known.
  public var remedy: String? {
    switch self {
    case .oldGGML: "convert the original model again"
    case .safetensors, .zip:
      "convert it to GGUF first, as with llama.cpp's convert_hf_to_gguf.py"
    case .legacyImportanceMatrix: "give the model, and this file where a matrix is asked for"
    case .lfsPointer: "fetch the file itself, as with git lfs pull"
    case .zeros, .webPage, .text: "get the file again"
    case .json: "give the model's GGUF file"
    case .gzip: "decompress it first, as with gunzip"
    case .zstd: "decompress it first, as with zstd -d"
    case .xz: "decompress it first, as with unxz"
    case .bzip2: "decompress it first, as with bunzip2"
    case .gguf, .reversedGGUF, .utf16, .pdf, .parquet: nil
    }
  }

  /// What can be done where text is wanted; `nil` for what can be read as text.
  public var remedyForText: String? {
    switch self {
    case .json, .text, .webPage: nil
    case .utf16: "convert it to UTF-8 first, as with iconv -f UTF-16 -t UTF-8"
    case .zip: "unpack it first"
    case .gzip, .zstd, .xz, .bzip2: "decompress it first"
    case .lfsPointer: "fetch the file itself, as with git lfs pull"
    case .parquet: "convert it to JSON lines first"
    default: "give a file of text"
    }
  }

  /// What the file is, and what can be done where a model is wanted.
  public var sentence: String { inWords + (remedy.map { ": \($0)" } ?? "") }
}
