// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
public import QuantModels

/// What a long evaluation keeps on disk between layers, so that it can go on after it was cut off.
///
/// A GGUF file, written anew after each layer:
///
///     general.type = "evaluation-state"    evaluation.fingerprint: of the model, text and settings
///     evaluation.segment, .layer, .windows the segment worked on, its layers done, and its size
///     states    F32 [width, tokens]        of that segment
///     results   F64 [4, counted]           of the segments before it, as `TokenDivergence` has them
public final class EvaluationState {
  private static let kind = "evaluation-state"

  /// Where the file is.
  public let path: String
  private let fingerprint: UInt64
  /// What an earlier run left, until it is taken.
  private var earlier: Earlier?
  private var segment = 0
  private var windows = 0
  private var results: [TokenDivergence] = []

  private struct Earlier {
    let segment: Int
    let layer: Int
    let windows: Int
    let states: Matrix
    let results: [TokenDivergence]
  }

  /// Opens the file that an earlier run left, if there is one.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - evaluator: The model.
  ///   - text: The windows.
  ///   - base: What the model is compared with.
  ///   - range: The windows to run; by default all.
  /// - Throws: `QuantError.mismatch` if the file is of another run, `.file` if it cannot be
  ///   read.
  public init(
    _ path: String, _ evaluator: Evaluator, _ text: EvaluationWindows, base: BaseStates? = nil,
    only range: Range<Int>? = nil
  ) throws(QuantError) {
    self.path = path
    fingerprint = try Self.fingerprint(evaluator, text, base, range ?? 0..<text.count)
    guard Disk.exists(path) else { return }
    earlier = try Self.read(path, fingerprint, width: evaluator.graph.stateWidth)
    UnfinishedFiles.keep(.state(path))
  }

  /// Whether the evaluation continues an earlier run.
  public var isResuming: Bool { earlier != nil }

  private static func fingerprint(
    _ evaluator: Evaluator, _ text: EvaluationWindows, _ base: BaseStates?, _ range: Range<Int>
  ) throws(QuantError) -> UInt64 {
    var fingerprint = Fingerprint()
    try ModelIdentity.addFiles(of: evaluator.model, to: &fingerprint)
    if let base { try ModelIdentity.addFiles(of: base.file, to: &fingerprint) }
    fingerprint.add(evaluator.options.mode.rawValue)
    fingerprint.add(evaluator.options.firstPosition)
    fingerprint.add(text.rules.rawValue)
    fingerprint.add(text.length)
    fingerprint.add(range.lowerBound)
    fingerprint.add(range.upperBound)
    for token in text.tokens { fingerprint.add(Int(token)) }
    return fingerprint.value
  }

  private static func read(
    _ path: String, _ fingerprint: UInt64, width: Int
  ) throws(QuantError) -> Earlier {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    guard file.metadata["general.type"]?.text == kind,
      case .uint64(fingerprint)? = file.metadata["evaluation.fingerprint"]
    else {
      throw .mismatch(
        file: path,
        what: "expected the state of this evaluation, found that of another model, text or "
          + "setting; remove it or name another file")
    }
    let reader = ModelReader(source: file, architecture: "evaluation", contextLength: 0)
    let (states, results) = try QuantError.wrapping { () throws(FileError) in
      (try file.tensor("states"), try file.tensor("results"))
    }
    guard states.type == .F32, states.rowWeights == width, results.type == .F64,
      results.weightCount % TokenDivergence.fields == 0
    else {
      throw .content(
        file: path, line: 0, what: "its tensors are not those of an evaluation's state")
    }
    var tensor = try TensorReader(model: file, tensor: states)
    return Earlier(
      segment: try reader.integer("segment"), layer: try reader.integer("layer"),
      windows: try reader.integer("windows", in: 1...(1 << 28)),
      states: try tensor.matrix(0..<states.rowCount),
      results: try Self.results(results, file))
  }

  private static func results(
    _ tensor: TensorInfo, _ file: GGUFFile
  ) throws(QuantError) -> [TokenDivergence] {
    var bytes = [UInt8](repeating: 0, count: 8 * tensor.weightCount)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try QuantError.wrapping { () throws(FileError) in try file.read(tensor, at: 0, into: &raw) }
    let numbers = (0..<tensor.weightCount).map { index in
      unsafe Double(bitPattern: bytes.span.bytes.u64(at: 8 * index))
    }
    let fields = TokenDivergence.fields
    return stride(from: 0, to: numbers.count, by: fields).map {
      TokenDivergence(numbers[$0..<$0 + fields])
    }
  }
}

extension EvaluationState {
  /// The size of segments, the number of those done, and what came of them.
  ///
  /// - Parameter planned: Windows of a segment, for a run from the start.
  /// - Returns: Those of the run that is continued, or the ones given and nothing done.
  package func begin(planned: Int) -> (windows: Int, segments: Int, results: [TokenDivergence]) {
    windows = earlier?.windows ?? planned
    segment = earlier?.segment ?? 0
    results = earlier?.results ?? []
    return (windows, segment, results)
  }

  /// The states of the segment that an earlier run was in, and its layers that are done; once.
  func takeStates() -> (states: Matrix, layer: Int)? {
    defer { earlier = nil }
    return earlier.map { ($0.states, $0.layer) }
  }

  /// Keeps the states after a layer.
  func save(_ states: Matrix, layer: Int) throws(QuantError) {
    var metadata = Metadata()
    metadata["general.type"] = .string(MetadataString(Self.kind))
    metadata["evaluation.fingerprint"] = .uint64(fingerprint)
    metadata["evaluation.segment"] = .uint32(UInt32(clamping: segment))
    metadata["evaluation.layer"] = .uint32(UInt32(clamping: layer))
    metadata["evaluation.windows"] = .uint32(UInt32(clamping: windows))
    let tensors = [
      TensorDescription(name: "states", dimensions: [states.columns, states.rows], type: .F32),
      TensorDescription(
        name: "results", dimensions: [TokenDivergence.fields, results.count], type: .F64),
    ]
    let bytes = results.flatMap(\.numbers).map(\.bitPattern).littleEndianBytes
    try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter.write(to: path, metadata: metadata, tensors: tensors) {
        writer throws(FileError) in
        try writer.write(states, to: 0)
        try writer.write(bytes, to: 1)
        UnfinishedFiles.keep(.state(path))
      }
    }
  }

  /// Notes what came of a segment; the next one begins.
  func add(_ tokens: [TokenDivergence]) {
    results += tokens
    segment += 1
  }

  /// Removes the file: the evaluation is done.
  public func remove() {
    Disk.remove(path)
    UnfinishedFiles.release(.state(path))
  }
}
