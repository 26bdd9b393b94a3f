// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Changes to keys and names, as the command line spells them.
struct EditOptions: ParsableArguments, SettingOptions {
  @Option(
    help: ArgumentHelp(
      "Set a key: KEY=VALUE keeps its type, KEY:u32=5 gives one. Lists: KEY[]=a,b sets all, KEY[]+=c"
        + " appends, KEY[3]=x sets one. In a list, \\, is a comma. Repeatable.",
      valueName: "key=value"))
  var set: [String] = []

  @Option(
    help: ArgumentHelp(
      "Set a key to the text of a file, such as a chat template; KEY[]=FILE takes a line for each"
        + " element. Repeatable.", valueName: "key=file"))
  var setFromFile: [String] = []

  @Option(
    help: ArgumentHelp(
      "Remove a key, or all that begin like this: general.base_model.*. Repeatable.",
      valueName: "key"))
  var delete: [String] = []

  @Option(help: ArgumentHelp("Give a key another name. Repeatable.", valueName: "old=new"))
  var rename: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Copy keys of another model: its file, then one or more keys, or beginnings such as tokenizer.*.",
      valueName: "file and keys"),
    completion: .model)
  var copyFrom: [String] = []

  @Option(help: ArgumentHelp("Give a tensor another name. Repeatable.", valueName: "old=new"))
  var renameTensor: [String] = []

  @Option(
    help: ArgumentHelp(
      "Leave room in the header, such as 1MiB, so that later edits can be made in place.",
      valueName: "size"))
  var headerRoom: String?

  /// The sentences name keys and tensors, which say enough.
  static let settings: [QuantError.Setting: SettingWords] = [.metadata: .hint("")]

  func validate() throws {
    let isEmpty =
      [set, setFromFile, delete, rename, copyFrom, renameTensor].allSatisfy(\.isEmpty)
      && headerRoom == nil
    guard !isEmpty else {
      throw ValidationError(
        "Expected a change: --set, --set-from-file, --delete, --rename, --copy-from, --rename-tensor"
          + " or --header-room.")
    }
    guard copyFrom.isEmpty || copyFrom.count > 1 else {
      throw ValidationError(
        "--copy-from: expected a file and keys, found \"\(copyFrom[0])\" alone.")
    }
    _ = try targets()
    _ = try pairs(rename, "--rename")
    _ = try renamedTensors()
    _ = try room()
  }

  /// The changes, in the order in which they are made.
  func changes() throws -> [MetadataChange] {
    var changes: [MetadataChange] = []
    if let path = copyFrom.first {
      let other = try GGUFFile.open(path, requiring: .headerOnly).metadata
      changes += copyFrom.dropFirst().map { .copy($0, from: other, path: path) }
    }
    changes += delete.map { .delete($0) }
    changes += try pairs(rename, "--rename").map { .rename($0.old, to: $0.new) }
    return changes + (try targets().map { .set($0, try texts(for: $0, $1, isFile: $2)) })
  }

  /// The files that are read, which no output may replace.
  func files() throws -> [String] {
    copyFrom.prefix(1) + (try targets().filter(\.isFile).map(\.text))
  }

  /// Old and new names of tensors.
  func renamedTensors() throws -> [(old: String, new: String)] {
    try pairs(renameTensor, "--rename-tensor")
  }

  /// Bytes of room, if it was asked for.
  func room() throws -> Int? { try headerRoom.map(Size.headerRoom) }

  /// What is set, with its text, or with the file that holds it.
  private func targets() throws -> [(MetadataTarget, text: String, isFile: Bool)] {
    let files = try setFromFile.map { try target($0, "--set-from-file", isFile: true) }
    return files + (try set.map { try target($0, "--set", isFile: false) })
  }

  private func target(
    _ text: String, _ option: String, isFile: Bool
  ) throws -> (MetadataTarget, text: String, isFile: Bool) {
    guard let sign = text.firstIndex(of: "="), let target = MetadataTarget(text[..<sign]) else {
      throw ValidationError(
        "\(option): expected KEY=\(isFile ? "FILE" : "VALUE"), with KEY[]=, KEY[]+= or KEY[3]= for"
          + " lists, found \"\(text)\".")
    }
    if let colon = text[..<sign].lastIndex(of: ":"), target.type == nil {
      throw ValidationError(
        "\(option): there is no type \"\(text[colon..<sign].dropFirst())\"; types are"
          + " \(ValueText.typeNames).")
    }
    let value = String(text[text.index(after: sign)...])
    if !isFile, target.type == nil { try Self.checkHasNoType(value, text[..<sign]) }
    return (target, value, isFile)
  }

  /// `--override-kv` has the type before the value, which would become a part of a text here.
  private static func checkHasNoType(_ value: String, _ target: Substring) throws {
    let types = ["int:", "float:", "bool:", "str:"]
    guard let type = types.first(where: value.hasPrefix) else { return }
    throw ValidationError(
      "--set: the type belongs to the key: expected \(target):\(type.dropLast())="
        + "\(value.dropFirst(type.count)), found \(target)=\(value); for this very text,"
        + " \(target):str=\(value).")
  }

  private func texts(
    for target: MetadataTarget, _ text: String, isFile: Bool
  ) throws -> [String] {
    let content = isFile ? try TextFile.read(text, toTheByte: true) : text
    switch target.part {
    case .value, .element: return [content]
    case .list, .listEnd: return isFile ? Self.lines(content) : ValueText.elements(content)
    }
  }

  /// The lines of a text; the end of the last one begins no other.
  private static func lines(_ text: String) -> [String] {
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0) }
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private func pairs(_ texts: [String], _ option: String) throws -> [(old: String, new: String)] {
    try texts.map { text in
      let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2, !parts.contains("") else {
        throw ValidationError("\(option): expected OLD=NEW, found \"\(text)\".")
      }
      return (parts[0], parts[1])
    }
  }
}
