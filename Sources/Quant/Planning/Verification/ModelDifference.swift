// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels

/// How one model differs from another: keys, and tensors by name, shape, type and bytes.
public struct ModelDifference: Sendable {
  /// A tensor that differs.
  public struct Tensor: Sendable, Encodable {
    /// How it differs.
    public enum Kind: String, Sendable, Encodable {
      /// Only the first or only the second model has it.
      case removed, added
      /// Both have it, in another shape, type, or with other bytes.
      case shape, type, bytes
    }

    /// The name.
    public let name: String
    /// How it differs; of several ways, the first of shape, type and bytes.
    public let kind: Kind
    /// What the first model says of it, and what the second.
    public let old: TensorSummary?, new: TensorSummary?
  }

  /// The paths of both.
  public let path: String, otherPath: String
  /// The keys that differ.
  public let metadata: MetadataDifference
  /// The tensors that differ: those of the first model in its order, then those only the second has.
  public let tensors: [Tensor]
  /// Tensors that were compared.
  public let tensorCount: Int

  /// Whether there is no difference.
  public var isEmpty: Bool { metadata.isEmpty && tensors.isEmpty }

  /// Compares two models.
  ///
  /// - Parameters:
  ///   - model: The first.
  ///   - other: The second.
  ///   - readsData: Whether the bytes of tensors are compared, too.
  ///   - threads: How many tensors are compared at once.
  ///   - begin: Called before the first byte is read, with the number of all bytes.
  ///   - progress: Called from any thread with the number of bytes done since the call before.
  /// - Throws: `QuantError.file` for tensors that cannot be read.
  /// - Complexity: O(*n*) in keys and tensors, or in bytes where they are read; memory does not grow
  ///   with tensors.
  public init(
    _ model: any ModelSource, _ other: any ModelSource, readsData: Bool, threads: Int,
    begin: (Int) -> Void = { _ in }, progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) async throws(QuantError) {
    (path, otherPath) = (model.path, other.path)
    metadata = MetadataDifference(from: model.metadata, to: other.metadata)
    let pairs = try model.tensors.map { tensor throws(QuantError) in
      (tensor, other.contains(tensor.name) ? try Self.tensor(tensor.name, of: other) : nil)
    }
    let same = pairs.compactMap { first, second -> Pair? in
      guard let second, first.dimensions == second.dimensions, first.type == second.type,
        first.byteCount != nil
      else { return nil }
      return Pair(first: first, second: second)
    }
    begin(readsData ? same.clampedSum { $0.first.byteCount ?? 0 } : 0)
    let changed =
      readsData ? try await Self.changed(same, model, other, max(1, threads), progress) : []
    tensors =
      pairs.compactMap { Self.difference($0, $1, changed) }
      + other.tensors.filter { !model.contains($0.name) }
      .map { Tensor(name: $0.name, kind: .added, old: nil, new: TensorSummary($0)) }
    tensorCount = Set(model.tensors.map(\.name) + other.tensors.map(\.name)).count
  }

  private static func tensor(
    _ name: String, of model: any ModelSource
  ) throws(QuantError) -> TensorInfo {
    try QuantError.wrapping { () throws(FileError) in try model.tensor(name) }
  }

  private static func difference(
    _ first: TensorInfo, _ second: TensorInfo?, _ changed: Set<String>
  ) -> Tensor? {
    guard let second else {
      return Tensor(name: first.name, kind: .removed, old: TensorSummary(first), new: nil)
    }
    let kind: Tensor.Kind? =
      if first.dimensions != second.dimensions {
        .shape
      } else if first.type != second.type {
        .type
      } else {
        changed.contains(first.name) ? .bytes : nil
      }
    return kind.map {
      Tensor(
        name: first.name, kind: $0, old: TensorSummary(first), new: TensorSummary(second))
    }
  }

  // MARK: Bytes

  private struct Pair: Sendable {
    let first: TensorInfo
    let second: TensorInfo
  }

  private static let bytesAtOnce = 4 << 20

  /// The names of tensors whose bytes differ.
  private static func changed(
    _ pairs: [Pair], _ model: any ModelSource, _ other: any ModelSource, _ threads: Int,
    _ progress: @escaping @Sendable (Int) -> Void
  ) async throws(QuantError) -> Set<String> {
    let outcomes = await withTaskGroup(of: Result<[String], QuantError>.self) { group in
      for worker in 0..<threads {
        group.addTask {
          changed(pairs, from: worker, by: threads, model, other, progress)
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var names: Set<String> = []
    for outcome in outcomes { names.formUnion(try outcome.get()) }
    return names
  }

  private static func changed(
    _ pairs: [Pair], from worker: Int, by threads: Int, _ model: any ModelSource,
    _ other: any ModelSource, _ progress: @Sendable (Int) -> Void
  ) -> Result<[String], QuantError> {
    do throws(QuantError) {
      var names: [String] = []
      for index in stride(from: worker, to: pairs.count, by: threads)
      where try !isSame(pairs[index], model, other, progress) {
        names.append(pairs[index].first.name)
      }
      return .success(names)
    } catch {
      return .failure(error)
    }
  }

  private static func isSame(
    _ pair: Pair, _ model: any ModelSource, _ other: any ModelSource,
    _ progress: @Sendable (Int) -> Void
  ) throws(QuantError) -> Bool {
    let count = pair.first.byteCount ?? 0
    for start in stride(from: 0, to: count, by: bytesAtOnce) {
      try QuantError.checkCancellation()
      let size = min(bytesAtOnce, count - start)
      guard
        try bytes(pair.first, start, size, of: model) == bytes(pair.second, start, size, of: other)
      else {
        progress(count - start)
        return false
      }
      progress(size)
    }
    return true
  }

  private static func bytes(
    _ tensor: TensorInfo, _ start: Int, _ count: Int, of model: any ModelSource
  ) throws(QuantError) -> [UInt8] {
    try QuantError.wrapping { () throws(FileError) in
      if start == 0 { try model.check(tensor) }
      var bytes = [UInt8](repeating: 0, count: count)
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try model.read(tensor, at: start, into: &raw)
      return bytes
    }
  }
}
