// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
public import QuantModels

/// The states that a base model had for every counted token of a text, with its output matrix: all
/// that a later comparison needs, some 30 times smaller than the logits, and as exact.
///
/// A GGUF file:
///
///     general.type = "evaluation-base"     evaluation.protocol, evaluation.window
///     evaluation.logit_scale, evaluation.logit_cap
///     tokens          I32 [tokens]         windows one after the other
///     states          F32 [width, counted] after the last norm
///     output.weight   as in the model, and output.bias and output.scale if there are
public struct BaseStates: Sendable {
  static let kind = "evaluation-base"

  let file: GGUFFile
  private let states: TensorInfo
  private let output: Linear
  private let scale: Float
  private let cap: Float
  private let rules: String
  private let window: Int

  /// Opens a file of states.
  ///
  /// - Parameter path: The file.
  /// - Throws: `QuantError.content` if it is no such file, `.file` if it cannot be read.
  public init(_ path: String) throws(QuantError) {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    guard file.metadata["general.type"]?.text == Self.kind else {
      throw .content(
        file: path, line: 0, what: "expected states of a base model, found another file")
    }
    let reader = ModelReader(source: file, architecture: "evaluation", contextLength: 0)
    let found = try QuantError.wrapping { () throws(FileError) in
      (try file.tensor("states"), try file.tensor("output.weight"))
    }
    guard found.0.type == .F32, found.0.rowWeights == found.1.rowWeights else {
      throw .shape(
        tensor: "states", expected: "F32 with \(found.1.rowWeights) columns",
        found: "\(found.0.type.name) with \(found.0.rowWeights)")
    }
    self.file = file
    states = found.0
    output = Linear(
      tensor: found.1, outputs: found.1.rowCount,
      bias: try reader.optional("output.bias", [found.1.rowCount]),
      factor: try reader.optional("output.scale", [1]))
    scale = try reader.number("logit_scale", default: 1)
    cap = try reader.number("logit_cap", default: 0)
    window = try reader.integer("window")
    rules = reader.text("protocol") ?? ""
  }

  /// The name of the model that the states are of.
  public var modelName: String { file.metadata["general.name"]?.text ?? file.path }

  /// Throws unless the states are those of the same windows of the same text.
  func check(_ windows: EvaluationWindows, vocabulary: Int) throws(QuantError) {
    guard output.outputs == vocabulary else {
      throw .mismatch(
        file: file.path,
        what: "expected a vocabulary of \(vocabulary) tokens, found \(output.outputs)")
    }
    let rows = windows.countedTokens
    guard rules == windows.rules.rawValue, window == windows.length, states.rowCount >= rows else {
      throw .mismatch(
        file: file.path,
        what: "expected states of \(rows) tokens in windows of \(windows.length) by the "
          + "protocol \(windows.rules.rawValue), found \(states.rowCount) in windows of \(window) by "
          + "\"\(rules)\"")
    }
    let tokens = try QuantError.wrapping { () throws(FileError) in try file.tensor("tokens") }
    guard tokens.type == .I32, tokens.weightCount >= windows.tokens.count else {
      throw .shape(
        tensor: "tokens", expected: "I32 of \(windows.tokens.count)",
        found: "\(tokens.type.name) of \(tokens.weightCount)")
    }
    var bytes = [UInt8](repeating: 0, count: 4 * windows.tokens.count)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    try QuantError.wrapping { () throws(FileError) in try file.read(tokens, at: 0, into: &raw) }
    for (index, token) in windows.tokens.enumerated() {
      guard unsafe Int32(bitPattern: bytes.span.bytes.u32(at: 4 * index)) == token else {
        throw .mismatch(
          file: file.path, what: "expected states of this text and its tokens, found others")
      }
    }
  }

  /// States of some counted tokens.
  func rows(_ range: Range<Int>) throws(QuantError) -> Matrix {
    var reader = try TensorReader(model: file, tensor: states)
    return try reader.matrix(range)
  }

  /// What turns them into logits.
  func head(_ workers: Workers, _ mode: ComputeMode) throws(QuantError) -> OutputHead {
    let context = ForwardContext(
      model: file, workers: workers, mode: mode, windowLength: window)
    return OutputHead(output, scale: scale, cap: cap, context)
  }
}

/// Writes the states of a base model as they are computed.
public final class BaseStatesWriter {
  private let writer: GGUFWriter
  private var written = 0

  /// Begins a file: everything but the states is in it then.
  ///
  /// - Parameters:
  ///   - path: The file; it has its name when `finish` was called.
  ///   - evaluator: The model.
  ///   - windows: The text.
  /// - Throws: `QuantError.file` if it cannot be written, or the model cannot be read.
  public init(
    to path: String, _ evaluator: Evaluator, _ windows: EvaluationWindows
  ) throws(QuantError) {
    let linear = evaluator.graph.output
    var tensors = [
      TensorDescription(
        name: "states", dimensions: [evaluator.graph.width, windows.countedTokens], type: .F32),
      TensorDescription(name: "tokens", dimensions: [windows.tokens.count], type: .I32),
      TensorDescription(
        name: "output.weight", dimensions: linear.tensor.dimensions, type: linear.tensor.type),
    ]
    let others = [("output.bias", linear.bias), ("output.scale", linear.factor)].compactMap {
      name, tensor in tensor.map { (name: name, tensor: $0) }
    }
    tensors += others.map { name, tensor in
      TensorDescription(name: name, dimensions: tensor.dimensions, type: tensor.type)
    }
    let metadata = Self.metadata(evaluator, windows)
    writer = try QuantError.wrapping { () throws(FileError) in
      let writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
      try writer.write(windows.tokens.littleEndianBytes, to: 1)
      return writer
    }
    try copy(linear.tensor, from: evaluator.model, to: 2)
    for (index, other) in others.enumerated() {
      try copy(other.tensor, from: evaluator.model, to: 3 + index)
    }
  }

  private static func metadata(_ evaluator: Evaluator, _ windows: EvaluationWindows) -> Metadata {
    var metadata = Metadata()
    metadata["general.type"] = .string(MetadataString(BaseStates.kind))
    metadata["general.name"] =
      evaluator.model.metadata["general.name"] ?? .string(MetadataString(evaluator.model.path))
    metadata["evaluation.protocol"] = .string(MetadataString(windows.rules.rawValue))
    metadata["evaluation.window"] = .uint32(UInt32(clamping: windows.length))
    metadata["evaluation.logit_scale"] = .float32(evaluator.graph.logitScale)
    metadata["evaluation.logit_cap"] = .float32(evaluator.graph.logitCap)
    metadata["evaluation.compute"] = .string(MetadataString(evaluator.options.mode.rawValue))
    return metadata
  }

  private func copy(
    _ tensor: TensorInfo, from model: any ModelSource, to place: Int
  ) throws(QuantError) {
    guard model.byteOrder == .little else {
      throw .unsupported("\(model.path): states of big-endian models cannot be saved")
    }
    let count = writer.layout.tensorByteCounts[place]
    var buffer = [UInt8](repeating: 0, count: min(count, 1 << 22))
    try QuantError.wrapping { () throws(FileError) in
      for start in stride(from: 0, to: count, by: buffer.count) {
        let size = min(buffer.count, count - start)
        var span = buffer.mutableSpan
        var bytes = unsafe span.mutableBytes
        var part = bytes.slice(0..<size)
        try model.read(tensor, at: start, into: &part)
        try writer.write(part.bytes, to: place, at: start)
      }
    }
  }

  /// Adds the states of further counted tokens.
  func write(_ states: Matrix) throws(QuantError) {
    try QuantError.wrapping { () throws(FileError) in
      try writer.write(states, to: 0, at: written)
    }
    written += 4 * states.rows * states.columns
  }

  /// Gives the file its name.
  ///
  /// Throws `QuantError.file` if it cannot be brought to the disk.
  public func finish() throws(QuantError) {
    precondition(written == writer.layout.tensorByteCounts[0], "states are missing")
    try QuantError.wrapping { () throws(FileError) in try writer.finish() }
  }
}
