// SPDX-License-Identifier: MIT

/// The keys and values that the last layers take from the last one of their kind that has its own, windowed
/// layers from one and those that see everything from the next.
struct SharedKeys {
  private let first: Int
  private let isWindowed: [Bool]
  private var kept: [Int: KeptKeys] = [:]

  /// Finds them.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - sizes: The model's.
  ///   - first: The first layer without keys and values of its own.
  ///   - isWindowed: Whether a layer sees a window.
  ///   - keySizes: Numbers of a key, and of a value, in each layer.
  ///   - graph: Keeps them.
  /// - Throws: `QuantError.unsupported` where layers do not fit those that they take from.
  init(
    _ model: ModelReader, _ sizes: ModelSizes, first: Int, isWindowed: [Bool], keySizes: [Int],
    keptIn graph: inout ModelGraph
  ) throws(QuantError) {
    self.first = first
    self.isWindowed = isWindowed
    for layer in min(first, sizes.layers)..<sizes.layers {
      let source = self.source(of: layer) ?? layer
      guard source >= 0, isWindowed[source] == isWindowed[layer], sizes.keyValueHeads[source] > 0,
        sizes.heads[layer] % sizes.keyValueHeads[source] == 0
      else {
        throw .unsupported(
          "\(model.path): layer \(layer) has no keys and values of its own: expected a layer of its kind"
            + " and size among the last two of the first \(first)")
      }
      guard kept[source] == nil else { continue }
      let size = sizes.keyValueHeads[source] * keySizes[source]
      kept[source] = KeptKeys(keys: graph.carried.slot(size), values: graph.carried.slot(size))
    }
  }

  /// The layer that a layer takes keys and values from; `nil` if it has its own.
  func source(of layer: Int) -> Int? {
    layer < first ? nil : first - (isWindowed[layer] ? 2 : 1)
  }

  /// Where keys and values of a layer are kept, if later ones take them.
  func slots(of layer: Int?) -> KeptKeys? { layer.flatMap { kept[$0] } }
}
