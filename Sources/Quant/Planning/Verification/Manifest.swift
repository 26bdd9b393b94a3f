// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// Hashes of a model in a file of text, to be compared with later.
///
/// A line for each tensor and one for the data of each file, as llama-gguf-hash prints them, and a line
/// for each whole file, as `sha256sum` prints it:
///
///     sha256    HEX  FILE:TENSOR
///     sha256    HEX  FILE
///     HEX  FILE
///
/// Either kind of file is understood by itself. Files are known by the last part of their paths. For a
/// model in one file its digest alone will do, as sites show it: bare, after `sha256:`, or in the pointer
/// that Git LFS keeps in the file's place.
public struct Manifest: Sendable {
  /// What a hash is of.
  private enum Subject: Hashable {
    case tensor(String)
    case data(String)
    case file(String)
    /// The only file of the model.
    case onlyFile
  }

  /// The path that it was read from.
  public let path: String
  private var digests: [Subject: String] = [:]
  /// The tensors, in the order of the file.
  private var tensors: [String] = []

  /// Far longer than a line with two names can be.
  private static let longestLine = 1 << 17
  private static let algorithms: Set<Substring> = ["sha256", "sha1", "xxh64", "xxh3", "uuid"]

  /// Reads a manifest.
  ///
  /// - Parameters:
  ///   - path: For errors.
  ///   - text: The content of the file.
  ///   - model: What was looked through, with its hashes: a name may hold colons, and tensors that the
  ///     model has are recognised.
  /// - Throws: `QuantError.content` for a line that is none of a manifest, and if there are no hashes of
  ///   this model that can be compared.
  public init(path: String, text: String, for model: Verification) throws(QuantError) {
    self.path = path
    let names = Set(model.tensors.map(\.name))
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (number, line) in lines.enumerated() {
      guard !line.allSatisfy(\.isWhitespace), line.first != "#" else { continue }
      guard line.utf8.count <= Self.longestLine, add(line, names) else {
        throw .content(
          file: path, line: number + 1,
          what: "expected \"sha256 HEX FILE:TENSOR\" or \"HEX FILE\", found \"\(line.prefix(60))\"")
      }
    }
    guard digests[.onlyFile] == nil || model.files.count == 1 else {
      throw .content(
        file: path, line: 0,
        what:
          "expected lines \"HEX FILE\" for a model in \(model.files.count) files, found a digest"
          + " without a name")
    }
    guard !tensors.isEmpty || model.files.contains(where: { mentions($0, of: model) }) else {
      throw .content(
        file: path, line: 0, what: "expected SHA-256 hashes of \(model.path), found none")
    }
  }

  /// Takes a line in; `false` for one that is none of a manifest.
  private mutating func add(_ line: Substring, _ names: Set<String>) -> Bool {
    let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
    if let last = words.last, words.count == 1 || words[0] == "oid" {
      digests[.onlyFile] = Self.digest(Self.trimmed(last))
      return digests[.onlyFile] != nil
    }
    guard words.count == 2 else { return false }
    if Self.isOfPointer(words) { return true }
    if let digest = Self.digest(words[0]) {
      // A star marks a file that was read in binary, as all are.
      let name = Self.trimmed(words[1])
      digests[.file(Self.lastPart(name.first == "*" ? name.dropFirst() : name))] = digest
      return true
    }
    guard Self.algorithms.contains(words[0]) else { return false }
    guard words[0] == "sha256" else { return true }
    let rest = words[1].split(maxSplits: 1, whereSeparator: \.isWhitespace)
    guard rest.count == 2, let digest = Self.digest(rest[0]) else { return false }
    add(digest, of: Self.trimmed(rest[1]), names)
    return true
  }

  private mutating func add(_ digest: String, of name: Substring, _ names: Set<String>) {
    guard let tensor = Self.tensor(in: name, names) else {
      digests[.data(Self.lastPart(name))] = digest
      return
    }
    if digests.updateValue(digest, forKey: .tensor(tensor)) == nil { tensors.append(tensor) }
  }

  /// The tensor of `FILE:TENSOR`: after the first colon that leaves the name of one, else after the
  /// last colon of the last part of the path.
  private static func tensor(in name: Substring, _ names: Set<String>) -> String? {
    let colons = name.indices.filter { name[$0] == ":" }
    let rests = colons.map { String(name[name.index(after: $0)...]) }
    if let known = rests.first(where: names.contains) { return known }
    return rests.last.flatMap { $0.isEmpty || $0.contains("/") ? nil : $0 }
  }

  private static func digest(_ word: Substring) -> String? {
    let digits = word.lowercased().hasPrefix("sha256:") ? word.dropFirst("sha256:".count) : word
    return digits.utf8.count == 64 && digits.allSatisfy(\.isHexDigit) ? digits.lowercased() : nil
  }

  /// Whether a text is a digest itself, and not the path of a file with one.
  public static func isDigest(_ text: String) -> Bool { digest(text[...]) != nil }

  /// The other lines of Git LFS's pointers.
  private static func isOfPointer(_ words: [Substring]) -> Bool {
    words[0] == "version" && words[1].hasPrefix("https://git-lfs")
      || words[0] == "size" && words[1].allSatisfy(\.isNumber)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  private static func lastPart(_ path: some StringProtocol) -> String {
    String(path.split(separator: "/").last ?? "")
  }

  private func mentions(_ file: Verification.File, of model: Verification) -> Bool {
    digest(ofFile: file, model) != nil || digest(ofData: file, model) != nil
  }

  private func digest(ofFile file: Verification.File, _ model: Verification) -> String? {
    digests[.file(Self.lastPart(file.path))] ?? digests[.onlyFile]
  }

  private func digest(ofData file: Verification.File, _ model: Verification) -> String? {
    digests[.data(Self.lastPart(file.path))]
  }
}

extension Manifest {
  /// The manifest of a model whose hashes are known.
  public static func text(of model: Verification) -> String {
    var text = ""
    for (number, file) in model.files.enumerated() {
      for tensor in model.tensors where tensor.shard == number {
        guard let digest = tensor.sha256 else { continue }
        text += "sha256    \(digest)  \(file.path):\(tensor.name)\n"
      }
      text += "sha256    \(file.dataSha256 ?? "")  \(file.path)\n"
    }
    for file in model.files { text += "\(file.sha256 ?? "")  \(file.path)\n" }
    return text
  }

  /// Everything in which a model differs from the manifest.
  ///
  /// - Parameter model: What was looked through, with its hashes.
  /// - Returns: A fault for each tensor that differs, is missing, or is not in the manifest; for whole
  ///   files only where no tensor says more.
  public func faults(in model: Verification) -> [Fault] {
    var faults: [Fault] = []
    let known = Set(tensors)
    for tensor in model.tensors {
      guard let digest = digests[.tensor(tensor.name)] else {
        guard !known.isEmpty else { continue }
        faults.append(
          Fault(
            kind: .extra, file: path, tensor: tensor.name,
            expected: "no such tensor, as in the manifest",
            found: "one"))
        continue
      }
      guard digest != tensor.sha256, !tensor.isTruncated else { continue }
      faults.append(
        .hash(tensor: tensor.name, file: model.files[tensor.shard].path, digest, tensor.sha256))
    }
    let present = Set(model.tensors.map(\.name))
    for name in tensors where !present.contains(name) {
      faults.append(
        Fault(
          kind: .missing, file: model.path, tensor: name,
          expected: "this tensor, as in the manifest", found: "none"))
    }
    return faults.isEmpty ? fileFaults(in: model) : faults
  }

  private func fileFaults(in model: Verification) -> [Fault] {
    var faults: [Fault] = []
    for file in model.files {
      if let digest = digest(ofData: file, model), digest != file.dataSha256 {
        faults.append(
          .hash(field: "the data of its tensors", file: file.path, digest, file.dataSha256))
      }
      if let digest = digest(ofFile: file, model), digest != file.sha256 {
        let what = tensors.isEmpty ? "the file" : "the file outside its tensors, which match"
        faults.append(.hash(field: what, file: file.path, digest, file.sha256))
      }
    }
    return faults
  }
}

extension Fault {
  fileprivate static func hash(
    tensor: String? = nil, field: String = "SHA-256", file: String, _ expected: String,
    _ found: String?
  ) -> Fault {
    Fault(
      kind: .hash, file: file, tensor: tensor, field: field, expected: expected,
      found: found ?? "none")
  }
}
