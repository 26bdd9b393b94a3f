// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// What second moments in a file are of.
struct MomentsDescription: Sendable {
  /// Something that they depend on.
  struct Fact: Sendable, Equatable {
    let name: String
    let value: String
  }

  /// A mark of the model, wherever it lies.
  var model: String
  /// All that they depend on, in the order in which it is compared.
  var facts: [Fact]
  /// Names of the texts.
  var datasets: [String]
  /// Windows of all parts together, and tokens of each.
  var windows: (count: Int, length: Int)
  /// The most rows that are kept apart of an input.
  var heldOutRows: Int
  /// Which part of the windows; `nil` for all.
  var part: JobPart?

  static let kind = "second-moments"

  /// Describes what is to be gathered.
  ///
  /// Throws `QuantError.file` if the model cannot be read.
  init(
    _ evaluator: Evaluator, _ windows: EvaluationWindows, datasets: [String],
    _ options: MomentsOptions
  ) throws(QuantError) {
    model = try Self.mark(of: evaluator.model)
    self.datasets = datasets
    self.windows = (windows.count, windows.length)
    heldOutRows = options.heldOutRows
    part = options.part
    var text = Fingerprint()
    for token in windows.tokens { text.add(Int(token)) }
    facts = [
      Fact(name: "model", value: "with the mark \(model)"),
      Fact(
        name: "text",
        value: "of \(windows.count) windows of \(windows.length) tokens, with the mark \(text.text)"
      ),
      Fact(name: "compute mode", value: evaluator.options.mode.rawValue),
      Fact(name: "first position", value: "\(evaluator.options.firstPosition)"),
      Fact(name: "output matrix", value: options.includesOutput ? "gathered for" : "left out"),
      Fact(name: "number of held-out rows", value: "\(options.heldOutRows)"),
    ]
  }

  /// A mark of a model that is the same wherever it lies.
  static func mark(of model: any ModelSource) throws(QuantError) -> String {
    var fingerprint = Fingerprint()
    try ModelIdentity.addCopies(of: model, to: &fingerprint)
    return fingerprint.text
  }

  /// Refuses moments of something else.
  ///
  /// - Parameters:
  ///   - other: The description of other moments.
  ///   - file: Their file.
  ///   - own: What these here are of, in words.
  /// - Throws: `QuantError.mismatch` that names what differs.
  func check(_ other: MomentsDescription, in file: String, as own: String) throws(QuantError) {
    for (fact, found) in zip(facts, other.facts) where fact != found {
      throw .mismatch(
        file: file,
        what: "expected the \(fact.name) \(fact.value), as \(own) has, found "
          + (fact.name == found.name ? found.value : "\(found.name) \(found.value)"))
    }
    guard facts.count == other.facts.count, heldOutRows == other.heldOutRows else {
      throw .mismatch(file: file, what: "expected the same settings as \(own) has, found others")
    }
  }
}

// MARK: Metadata

extension MomentsDescription {
  /// The keys of a file.
  func metadata(kind: String = MomentsDescription.kind) -> Metadata {
    var metadata = Metadata()
    metadata["general.type"] = .string(MetadataString(kind))
    metadata["moments.model"] = .string(MetadataString(model))
    metadata["moments.facts"] = .array(
      MetadataArray(strings: facts.flatMap { [$0.name, $0.value] }))
    metadata["moments.datasets"] = .array(MetadataArray(strings: datasets))
    metadata["moments.windows"] = .uint32(UInt32(clamping: windows.count))
    metadata["moments.window_length"] = .uint32(UInt32(clamping: windows.length))
    metadata["moments.held_out_rows"] = .uint32(UInt32(clamping: heldOutRows))
    if let part {
      metadata["moments.part.number"] = .uint32(UInt32(clamping: part.number))
      metadata["moments.part.count"] = .uint32(UInt32(clamping: part.count))
    }
    return metadata
  }

  /// Reads the keys of a file.
  ///
  /// Throws `QuantError.content` for a file of another kind, or one that lacks a key.
  init(_ file: GGUFFile, kind: String = MomentsDescription.kind) throws(QuantError) {
    guard file.metadata["general.type"]?.text == kind else {
      throw .content(
        file: file.path, line: 0, what: "expected \(kind), found a file of another type")
    }
    guard let model = file.metadata["moments.model"]?.text,
      let facts = file.array("moments.facts")?.strings(), facts.count % 2 == 0,
      let datasets = file.array("moments.datasets")?.strings(),
      let count = file.metadata["moments.windows"]?.integer,
      let length = file.metadata["moments.window_length"]?.integer,
      let rows = file.metadata["moments.held_out_rows"]?.integer, (0...1 << 24).contains(rows),
      file.byteOrder == .little
    else { throw Self.broken(file.path) }
    self.model = model
    self.datasets = datasets
    self.facts = stride(from: 0, to: facts.count, by: 2).map {
      Fact(name: facts[$0], value: facts[$0 + 1])
    }
    windows = (count, length)
    heldOutRows = rows
    guard let number = file.metadata["moments.part.number"]?.integer else { return }
    guard let parts = file.metadata["moments.part.count"]?.integer,
      let part = JobPart(number, of: parts)
    else { throw Self.broken(file.path) }
    self.part = part
  }

  /// An error for a file whose parts do not fit together.
  static func broken(_ path: String) -> QuantError {
    .content(
      file: path, line: 0, what: "expected undamaged second moments, found damaged ones")
  }
}

extension GGUFFile {
  /// An array of the metadata; `nil` if there is none of the name.
  func array(_ key: String) -> MetadataArray? {
    guard case .array(let array)? = metadata[key] else { return nil }
    return array
  }
}
