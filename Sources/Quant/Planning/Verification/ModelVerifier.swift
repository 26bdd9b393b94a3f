// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF
public import QuantModels

/// Reads every byte of a model and looks for what is wrong with it.
///
/// Bytes come through ordinary reads, a window of pieces at a time, on several threads; memory is that
/// of two windows, whatever the size of the model.
public struct ModelVerifier: Sendable {
  /// Faulty blocks of one tensor that are listed; all are counted.
  public static let listedBlocks = 8

  private let model: any ModelSource
  private let threads: Int
  private let hashes: Bool
  private let progress: @Sendable (Int) -> Void

  /// Looks through a model.
  ///
  /// - Parameters:
  ///   - path: The file, or one of the shards of a split model.
  ///   - threads: How many pieces are looked through at once.
  ///   - hashes: Whether hashes are wanted.
  ///   - begin: Called before the first byte of a tensor is read, with the number of all bytes.
  ///   - progress: Called from any thread with the number of bytes done since the call before.
  /// - Returns: What was found; a file that breaks its format gives a single fault.
  /// - Throws: `QuantError.file` for files that cannot be opened or read.
  /// - Complexity: O(*n*) in the model's bytes.
  public static func verify(
    _ path: String, threads: Int, hashes: Bool, begin: (Int) -> Void = { _ in },
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(QuantError) -> Verification {
    let model: GGUFFile
    do throws(FileError) {
      model = try GGUFFile.open(path, requiring: .headerOnly)
    } catch {
      guard let fault = Fault(error) else { throw .file(error) }
      return Verification(path: path, faults: [fault])
    }
    let verifier = ModelVerifier(
      model: model, threads: max(1, threads), hashes: hashes, progress: progress)
    begin(hashes ? model.byteCount : model.tensors.clampedSum { $0.byteCount ?? 0 })
    return try await verifier.run()
  }

  private func run() async throws(QuantError) -> Verification {
    var result = header()
    let streams = hashes ? DigestStreams() : nil
    let pieces = FilePiece.all(of: model, includesGaps: hashes)
    let step = min(4 * threads, 64)
    var pending: [(piece: FilePiece, bytes: [UInt8])] = []
    for start in stride(from: 0, to: pieces.count, by: step) {
      let window = pieces[start..<min(start + step, pieces.count)]
      // The window before is hashed while this one is read and looked through.
      let ready = pending
      async let failure = Self.hash(ready, streams)
      let looks = try await look(window)
      if let failure = await failure { throw failure }
      for look in looks { result.add(look, model.tensors) }
      pending = looks.map { ($0.piece, $0.bytes) }
    }
    if let failure = await Self.hash(pending, streams) { throw failure }
    try await streams?.finish(&result)
    return result
  }

  private static func hash(
    _ pieces: [(piece: FilePiece, bytes: [UInt8])], _ streams: DigestStreams?
  ) async -> QuantError? {
    do throws(QuantError) {
      try await streams?.add(pieces)
      return nil
    } catch {
      return error
    }
  }

  /// What the header tells.
  private func header() -> Verification {
    var result = Verification(path: model.path)
    let files = model.files
    result.files = files.map { .init(path: $0.name, fileBytes: $0.byteCount) }
    let inspection = ModelInspection(model)
    result.faults = inspection.warnings.filter { $0.severity == .error && $0.kind != .truncated }
      .map(\.fault)
    result.warnings = inspection.warnings.filter { $0.severity == .warning }
    for tensor in model.tensors {
      var entry = Verification.Tensor(
        name: tensor.name, type: tensor.type.name, shard: tensor.shard,
        tensorBytes: tensor.byteCount)
      let file = files[tensor.shard]
      if let count = tensor.byteCount, count > 0, tensor.byteOffset + count > file.byteCount {
        entry.isTruncated = true
        result.faults.append(Self.truncation(tensor, count, file))
      } else if tensor.byteCount != nil {
        entry.isChecked = FormatRegistry.format(of: tensor.type) != nil
      }
      result.tensors.append(entry)
    }
    return result
  }

  private static func truncation(_ tensor: TensorInfo, _ count: Int, _ file: SourceFile) -> Fault {
    Fault(
      kind: .truncated, file: file.name, tensor: tensor.name, offsetBytes: tensor.byteOffset,
      expected: "\(count) bytes",
      found: "\(max(0, file.byteCount - tensor.byteOffset)) before the end of the file")
  }

  /// What a look at one piece found.
  fileprivate struct Look: Sendable {
    let piece: FilePiece
    /// Its bytes, if they are to be hashed.
    var bytes: [UInt8] = []
    /// Blocks with a fault.
    var faultyBlocks = 0
    /// The first of them.
    var faults: [(block: Int, fault: BlockFault)] = []
  }

  /// Reads the pieces of a window and looks through them.
  private func look(_ window: ArraySlice<FilePiece>) async throws(QuantError) -> [Look] {
    let outcomes = await withTaskGroup(of: [(Int, Result<Look, QuantError>)].self) { group in
      for worker in 0..<threads {
        let indices = stride(from: window.startIndex + worker, to: window.endIndex, by: threads)
        group.addTask { indices.map { ($0, outcome(window[$0])) } }
      }
      return await group.reduce(into: []) { $0 += $1 }
    }
    return try outcomes.sorted { $0.0 < $1.0 }.map { outcome throws(QuantError) in
      try outcome.1.get()
    }
  }

  private func outcome(_ piece: FilePiece) -> Result<Look, QuantError> {
    do throws(QuantError) {
      return .success(try look(piece))
    } catch {
      return .failure(error)
    }
  }

  private func look(_ piece: FilePiece) throws(QuantError) -> Look {
    let bytes = try piece.read(of: model)
    var look = Look(piece: piece, bytes: hashes ? bytes : [])
    if let tensor = piece.tensor, let format = FormatRegistry.format(of: model.tensors[tensor].type)
    {
      look.findFaults(model.byteOrder == .big ? Self.swapped(bytes, format) : bytes, format)
    }
    if piece.tensor != nil || hashes { progress(piece.byteCount) }
    return look
  }

  private static func swapped(_ bytes: [UInt8], _ format: any BlockFormat.Type) -> [UInt8] {
    var swapped = bytes
    var span = swapped.mutableSpan
    var raw = unsafe span.mutableBytes
    ByteSwapping.swap(&raw, of: format)
    return swapped
  }
}

extension ModelVerifier.Look {
  fileprivate mutating func findFaults(_ bytes: [UInt8], _ format: any BlockFormat.Type) {
    let blocks = unsafe bytes.span.bytes
    guard !BlockCheck.isSound(blocks, of: format) else { return }
    let size = format.layout.bytesPerBlock
    for index in 0..<blocks.byteCount / size {
      let block = blocks.extracting(index * size..<(index + 1) * size)
      guard let fault = BlockCheck.fault(inBlock: block, of: format) else { continue }
      faultyBlocks += 1
      if faults.count < ModelVerifier.listedBlocks {
        faults.append((piece.firstBlock + index, fault))
      }
    }
  }
}

extension Verification {
  fileprivate mutating func add(_ look: ModelVerifier.Look, _ all: [TensorInfo]) {
    guard let index = look.piece.tensor else { return }
    if tensors[index].isChecked {
      checkedBytes += look.piece.byteCount
      checkedBlocks += look.piece.byteCount / (all[index].type.layout?.bytesPerBlock ?? 1)
    }
    let listed = min(tensors[index].faultyBlocks, ModelVerifier.listedBlocks)
    let path = files[look.piece.shard].path
    for (block, fault) in look.faults.prefix(ModelVerifier.listedBlocks - listed) {
      faults.append(Fault(fault, block: block, of: all[index], in: path))
    }
    tensors[index].faultyBlocks += look.faultyBlocks
  }
}

extension InspectionWarning {
  /// The same as a fault of the model.
  fileprivate var fault: Fault {
    Fault(
      kind: .metadata, tensor: tensor, field: field,
      expected: expected ?? "keys and tensors that agree", found: found ?? message)
  }
}
