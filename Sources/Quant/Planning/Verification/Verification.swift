// SPDX-License-Identifier: MIT
public import QuantModels

/// What looking through a whole model found.
public struct Verification: Sendable {
  /// One of its files.
  public struct File: Sendable, Encodable {
    /// The path.
    public let path: String
    /// Its size.
    public let fileBytes: Int
    /// SHA-256 of the whole file, if it was asked for: what `sha256sum` prints.
    public internal(set) var sha256: String?
    /// SHA-256 of the data of its tensors, one after the other without padding: what llama-gguf-hash
    /// prints for a file.
    public internal(set) var dataSha256: String?
  }

  /// One of its tensors.
  public struct Tensor: Sendable, Encodable {
    /// The name.
    public let name: String
    /// The type's name.
    public let type: String
    /// Which of the files holds it, from 0.
    public let shard: Int
    /// Its size; `nil` where the type's size is not known.
    public let tensorBytes: Int?
    /// Whether its file ends before it does.
    public internal(set) var isTruncated = false
    /// Whether its blocks were looked at: not for types that nobody here knows, and not where the file
    /// ends before it.
    public internal(set) var isChecked = false
    /// Blocks with a fault, also those that are not listed.
    public internal(set) var faultyBlocks = 0
    /// SHA-256 of its bytes, if it was asked for.
    public internal(set) var sha256: String?
  }

  /// The path that was opened.
  public let path: String
  /// The files.
  public internal(set) var files: [File] = []
  /// The tensors, in file order.
  public internal(set) var tensors: [Tensor] = []
  /// What is wrong, for each tensor its first blocks.
  public internal(set) var faults: [Fault] = []
  /// What is no fault, and yet should be known.
  public internal(set) var warnings: [InspectionWarning] = []
  /// Bytes of tensors that were looked at.
  public internal(set) var checkedBytes = 0
  /// Blocks that were looked at.
  public internal(set) var checkedBlocks = 0

  /// Whether nothing is wrong.
  public var isSound: Bool { faults.isEmpty }

  /// Faults of blocks that are not listed, as each tensor lists only its first.
  public var unlistedFaultCount: Int {
    tensors.clampedSum(\.faultyBlocks) - faults.count { $0.block != nil }
  }

  /// Tensors whose blocks could not be looked at, because their type is not known.
  public var uncheckedTensors: [Tensor] {
    tensors.filter { !$0.isChecked && !$0.isTruncated }
  }
}
