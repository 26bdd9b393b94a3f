// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF

/// Something that is wrong with a model.
public struct Fault: Sendable, Encodable, Equatable {
  /// What kinds there are; for programs.
  public enum Kind: String, Sendable, Encodable {
    /// The container breaks its format: nothing more can be said of the file.
    case structure
    /// A tensor ends beyond its file.
    case truncated
    /// Keys and tensors that contradict each other.
    case metadata
    /// A number that is NaN or infinite, or that makes weights so.
    case notFinite = "not_finite"
    /// A code that its format does not define.
    case code
    /// Bytes that are not those of the manifest.
    case hash
    /// A tensor or file that is missing, by the manifest or the other model.
    case missing
    /// A tensor that is neither in the manifest nor in the other model.
    case extra
    /// A tensor whose shape is another one in the other model.
    case shape
  }

  /// What kind it is.
  public var kind: Kind
  /// The file that it is in, where that is known.
  public var file: String?
  /// The tensor that it is in, if it is in one.
  public var tensor: String?
  /// The field: a key, a field of a block, or what else the container calls it.
  public var field: String?
  /// The block, from the start of the tensor.
  public var block: Int?
  /// The row of the block's first weight, counted over all outer dimensions.
  public var row: Int?
  /// The column of the block's first weight.
  public var column: Int?
  /// Where the field begins in its file.
  public var offsetBytes: Int?
  /// What would have been right.
  public var expected: String
  /// What is there.
  public var found: String
}

extension Fault: CustomStringConvertible {
  /// One sentence: where, what was expected, what was found.
  public var description: String {
    let place = [
      tensor == nil ? file : nil,
      tensor.map { "tensor \"\($0)\"" },
      row.map { row in
        "block \(block ?? 0) (row \(row), column \(column ?? 0))"
      },
      offsetBytes.map { "byte \($0)" },
      field,
    ].compactMap { $0 }.joined(separator: ", ")
    return "\(place): expected \(expected), found \(found)"
  }
}

extension Fault {
  /// A break of the format, or a shard that is missing; `nil` for what is no fault of the files.
  init?(_ error: FileError) {
    switch error {
    case .malformed(let file, let offset, let what, let expected, let found):
      self.init(
        kind: .structure, file: file, field: what, offsetBytes: offset, expected: expected,
        found: found)
    case .missing(let file, let what):
      self.init(kind: .missing, file: file, expected: what, found: "nothing")
    case .system, .unsupported, .changed, .inUse, .noSpace, .invalid:
      return nil
    }
  }

  /// Where a fault of a block lies in its tensor and file.
  init(_ fault: BlockFault, block: Int, of tensor: TensorInfo, in file: String) {
    let layout = tensor.type.layout
    let weight = block * (layout?.weightsPerBlock ?? 1)
    let width = max(1, tensor.rowWeights)
    self.init(
      kind: fault.kind == .code ? .code : .notFinite, file: file, tensor: tensor.name,
      field: fault.field, block: block, row: weight / width, column: weight % width,
      offsetBytes: tensor.byteOffset + block * (layout?.bytesPerBlock ?? 1) + fault.byteOffset,
      expected: fault.expected, found: fault.found)
  }
}
