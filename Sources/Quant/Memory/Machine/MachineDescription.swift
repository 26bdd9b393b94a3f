// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// Machines from text: a file of lines `key = value  # why`, or `key=value` pairs set apart by commas.
///
/// | key | value |
/// |---|---|
/// | `name` | what to call it |
/// | `cpu`, `gpu`, `gpu0`, `gpu1`, … | bandwidth of its memory in GB/s, as the maker states it |
/// | `….memory` | memory free for a model, such as `16GiB` |
/// | `….efficiency` | the part of the bandwidth that decoding reaches |
/// | `….layer` | ms that a layer of experts takes beyond reading its weights |
/// | `….ceiling.TYPE` | GB/s at which weights of a type can be decoded at most |
/// | `pcie` | GB/s to the GPU, as measured |
extension Machine {
  /// Reads a machine description.
  ///
  /// - Parameters:
  ///   - text: Its lines; empty ones and those that begin with `#` mean nothing.
  ///   - file: The file's name, for errors.
  /// - Throws: `QuantError.content` with the number of the first line that cannot be understood.
  public init(description text: String, file: String) throws(QuantError) {
    self.init()
    var known: Set<String> = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let content = line.prefix { $0 != "#" }.trimmed
      guard !content.isEmpty else { continue }
      try take(content, file: file, line: index + 1, known: &known)
    }
  }

  /// Reads pairs such as `cpu=51,gpu=288,pcie=25`.
  ///
  /// - Throws: `QuantError.content` naming the first pair that cannot be understood.
  public init(pairs text: String, option: String) throws(QuantError) {
    self.init()
    var known: Set<String> = []
    for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
      try take(pair.trimmed, file: option, line: 0, known: &known)
    }
  }

  private mutating func take(
    _ pair: Substring, file: String, line: Int, known: inout Set<String>
  ) throws(QuantError) {
    guard let sign = pair.firstIndex(of: "=") else {
      throw .content(file: file, line: line, what: "expected key = value, found \"\(pair)\"")
    }
    let key = String(pair[..<sign].trimmed)
    let value = String(pair[pair.index(after: sign)...].trimmed)
    guard known.insert(key).inserted else {
      throw .content(file: file, line: line, what: "\"\(key)\" appears twice")
    }
    if let problem = set(key, value) {
      throw .content(file: file, line: line, what: "\(key): \(problem)")
    }
  }
}
