// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantEvaluation
internal import QuantModels

/// The states of all windows between two layers, in a file: memory holds some windows at a time, and a run
/// that was cut off goes on with the layer that it was in.
///
/// A GGUF file like that of moments, but for its type, with
///
///     moments.layer            the layer that the states go into
///     states  F32 [width, tokens]
struct MomentStates {
  private static let kind = "second-moments-state"

  /// The layer that the states go into.
  let layer: Int
  /// The file.
  let path: String
  private let file: GGUFFile
  private let tensor: TensorInfo

  /// Opens a file that was left, or written by this run.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - description: What moments are gathered of.
  ///   - width: Numbers of a token's state.
  ///   - tokens: Tokens of all windows.
  /// - Throws: `QuantError.mismatch` if it is of another run.
  init(
    _ path: String, _ description: MomentsDescription, width: Int, tokens: Int
  ) throws(QuantError) {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    let found = try MomentsDescription(file, kind: Self.kind)
    do throws(QuantError) {
      try description.check(found, in: path, as: "this run")
    } catch {
      guard case .mismatch(let file, let what) = error else { throw error }
      throw .mismatch(
        file: file,
        what: what + "; it is what an earlier run left: remove it, or write to another place")
    }
    guard let layer = file.metadata["moments.layer"]?.integer, (0...1 << 16).contains(layer),
      let tensor = try? file.tensor("states"), tensor.type == .F32,
      tensor.dimensions == [width, tokens], found.part == description.part
    else {
      throw .mismatch(
        file: path, what: "expected the state of this run, found another; remove it")
    }
    self.path = path
    self.layer = layer
    self.file = file
    self.tensor = tensor
  }

  /// Reads the states of some tokens.
  func states(_ tokens: Range<Int>) throws(QuantError) -> Matrix {
    var reader = try TensorReader(model: file, tensor: tensor)
    return try reader.matrix(tokens)
  }

  /// Begins the file of the states that go into a layer. It takes the place of one that is there when it is
  /// finished.
  static func writer(
    _ path: String, _ description: MomentsDescription, layer: Int, width: Int, tokens: Int
  ) throws(QuantError) -> GGUFWriter {
    var metadata = description.metadata(kind: kind)
    metadata["moments.layer"] = .uint32(UInt32(clamping: layer))
    let tensors = [TensorDescription(name: "states", dimensions: [width, tokens], type: .F32)]
    return try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
    }
  }
}
