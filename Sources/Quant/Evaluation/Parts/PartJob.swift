// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantModels
public import QuantPlanning

/// What a partial result is part of: parts that differ in any of it do not belong together.
public struct PartJob: Sendable, Codable {
  /// The commands whose work can be divided.
  public enum Kind: String, Sendable, Codable {
    case perplexity, imatrix, sensitivity, frontier
  }

  /// Something that results depend on.
  public struct Fact: Sendable, Codable, Equatable {
    /// What it is, in words: `model`.
    public let name: String
    /// How it is told from others.
    public let value: String
  }

  /// Whose work it is.
  public let kind: Kind
  /// All that results depend on but for the machine, in the order in which it is compared.
  public private(set) var facts: [Fact] = []
  /// What decides how sums are rounded on the machine: results of different ones can be put together,
  /// but equal no single run's to the last bit.
  public let arithmetic: String

  /// Begins to describe a job on this machine.
  ///
  /// - Parameters:
  ///   - kind: Whose work it is.
  ///   - toolVersion: What does it: versions may differ in what they compute.
  public init(_ kind: Kind, toolVersion: String) {
    self.kind = kind
    arithmetic = "\(KernelLevel.current.rawValue) kernels, \(OneDNN.description)"
    add("tool version", toolVersion)
  }

  /// Adds something that results depend on.
  public mutating func add(_ name: String, _ value: String) {
    facts.append(Fact(name: name, value: value))
  }

  /// Adds a model, or another GGUF file that results depend on, wherever it lies; or that there is
  /// none.
  ///
  /// - Throws: `QuantError.file` if it cannot be read.
  public mutating func add(_ name: String, _ source: (any ModelSource)?) throws(QuantError) {
    guard let source else { return add(name, "none") }
    var fingerprint = Fingerprint()
    try ModelIdentity.addCopies(of: source, to: &fingerprint)
    add(name, "with the mark \(fingerprint.text)")
  }

  /// Adds states of a base model, or that there are none.
  ///
  /// - Throws: `QuantError.file` if they cannot be read.
  public mutating func add(_ name: String, _ base: BaseStates?) throws(QuantError) {
    try add(name, base?.file)
  }

  /// Adds a text as it is cut into windows of tokens.
  public mutating func add(_ text: String, _ windows: EvaluationWindows) {
    var fingerprint = Fingerprint()
    for token in windows.tokens { fingerprint.add(Int(token)) }
    add(
      "text \(text)",
      "of \(windows.count) windows of \(windows.length) tokens by the protocol "
        + "\(windows.rules.rawValue), with the mark \(fingerprint.text)")
  }

  /// Adds an importance matrix, or that there is none.
  public mutating func add(_ importance: ImportanceMatrix?) {
    var fingerprint = Fingerprint()
    importance?.add(to: &fingerprint)
    add("importance matrix", importance == nil ? "none" : "with the mark \(fingerprint.text)")
  }
}
