// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels

extension ImportanceMatrix {
  /// Finds what is known of a tensor, whichever layout of experts the model and the matrix have.
  ///
  /// Experts that the matrix names one by one are put together for a merged tensor. Where a name is
  /// missing, a projection that reads the same activations stands in: `gate`, `up` and the fused
  /// `gate_up` for each other.
  ///
  /// - Parameter name: The tensor's name in the model.
  /// - Returns: The entry, and which of its experts the tensor is if the model has its experts one by
  ///   one and the matrix has them merged. `nil` if nothing is known.
  public func entry(forTensor name: String) -> (entry: Entry, expert: Int?)? {
    if let exact = self[name] { return (exact, nil) }
    guard let wanted = ExpertTensorName(name) else { return nil }
    for other in wanted.readersOfSameInput {
      guard let expert = wanted.expert else {
        if let merged = self[other.merged] ?? joined(other.merged) { return (merged, nil) }
        continue
      }
      if let single = self[other.single(expert)] { return (single, nil) }
      if let merged = self[other.merged], expert < merged.expertCount { return (merged, expert) }
    }
    return nil
  }

  /// Finds what is known of a tensor, cut exactly as the tensor is: an entry with the tensor's
  /// `rowWeights` columns and an expert for each matrix of the tensor (one, or one an expert).
  ///
  /// - Parameter tensor: The tensor in the model.
  /// - Returns: The entry; `nil` if nothing is known.
  /// - Throws: `QuantError.content` if the sizes do not fit.
  public func entry(fitting tensor: TensorInfo) throws(QuantError) -> Entry? {
    let matrices = tensor.matrixCount
    if let name = ExpertTensorName(tensor.name), let expert = name.expert,
      let merged = mergedEntry(insteadOf: name)
    {
      let experts = merged.counts?.count ?? merged.sums.count / max(1, tensor.rowWeights)
      guard expert < experts else { return nil }
      return try merged.recut(
        columns: tensor.rowWeights, experts: experts, for: tensor, file: path
      ).only(expert, file: path)
    }
    guard var entry = entry(forTensor: tensor.name)?.entry else { return nil }
    if self[entry.name] == nil { entry = joined(entry.name, expertCount: matrices) ?? entry }
    return try entry.recut(
      columns: tensor.rowWeights, experts: matrices, for: tensor, file: path)
  }

  /// The merged entry that speaks for a tensor of one expert which has none of its own.
  private func mergedEntry(insteadOf name: ExpertTensorName) -> Entry? {
    guard let expert = name.expert else { return nil }
    let names = name.readersOfSameInput
    guard names.allSatisfy({ self[$0.single(expert)] == nil }) else { return nil }
    return names.lazy.compactMap { self[$0.merged] }.first
  }

  /// Entries of single experts put together, as a merged tensor has them; experts without an entry
  /// were not reached.
  ///
  /// - Parameters:
  ///   - name: The merged name, which the result has.
  ///   - expertCount: Experts of the model; by default as many as the matrix names.
  /// - Returns: The entry; `nil` if there are none to put together, or they differ in size.
  private func joined(_ name: String, expertCount: Int? = nil) -> Entry? {
    guard let places = singles[name], let last = places.keys.max(), last < Self.mostExperts,
      let columns = places.values.first.map({ entries[$0].sums.count })
    else { return nil }
    let experts = expertCount ?? last + 1
    guard last < experts, experts <= Self.mostExperts else { return nil }
    var sums: [Float] = []
    var counts: [Float] = []
    for expert in 0..<experts {
      let entry = places[expert].map { entries[$0] }
      guard entry.map({ $0.sums.count == columns }) ?? true else { return nil }
      let isCovered = entry.map { $0.uncoveredExperts.isEmpty } ?? false
      sums += entry?.sums.values(0..<columns) ?? Array(repeating: 0, count: columns)
      counts.append(isCovered ? entry?.counts?.first ?? entry?.calls ?? 0 : 0)
    }
    return try? Entry(name: name, rowWeights: columns, sums: sums, counts: counts)
  }

  /// More than any model has: a number in a name is not trusted with memory.
  private static let mostExperts = 4096
}

extension ExpertTensorName {
  /// The tensors of the same expert that multiply the same activations, this one first.
  fileprivate var readersOfSameInput: [ExpertTensorName] {
    guard projection != "down" else { return [self] }
    return [self] + ["gate_up", "gate", "up"].filter { $0 != projection }.map(with(projection:))
  }
}
