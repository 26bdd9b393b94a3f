// SPDX-License-Identifier: MIT
public import GGUF

/// The mixtures of experts of a model.
public struct ExpertSummary: Sendable, Encodable {
  /// How the tensors of experts are stored.
  public enum Layout: String, Sendable, Encodable {
    /// All experts of a layer in one tensor, of one type.
    case merged
    /// A tensor for every expert, each of its own type.
    case perExpert = "per_expert"
    /// Some layers one way and some the other.
    case mixed
  }

  /// Layers whose experts have the same types and sizes.
  public struct Layers: Sendable, Encodable {
    /// The layers' numbers, ascending.
    public let layers: [Int]
    /// Experts in each of them.
    public let expertCount: Int
    /// The types of each projection: `gate`, `up`, `down`, `gate_up`.
    public let projections: [Projection]
    /// Bytes of one expert; their mean, where they differ.
    public let expertBytes: Int
    /// Bytes of all routed experts of one layer.
    public let layerBytes: Int
    /// Bytes of the shared experts of one layer.
    public let sharedBytes: Int
  }

  /// One matrix of the experts, over all experts of a layer.
  public struct Projection: Sendable, Encodable, Hashable {
    /// `gate`, `up`, `down` or `gate_up`.
    public let name: String
    /// Each type with the number of experts that have it, the most frequent first.
    public let types: [TypeCount]
  }

  /// A type, and how many experts have it.
  public struct TypeCount: Sendable, Encodable, Hashable {
    /// The type's name.
    public let type: String
    /// How many experts have it.
    public let expertCount: Int
  }

  /// How the tensors of experts are stored.
  public let layout: Layout
  /// Experts in each mixture, as the metadata says, or as the first layer has.
  public let expertCount: Int
  /// Experts that each token goes through, as the metadata says.
  public let usedCount: Int?
  /// Experts that every token goes through besides, as the metadata says.
  public let sharedCount: Int?
  /// Weights of all routed experts.
  public let weightCount: Int
  /// Bytes of all routed experts.
  public let tensorBytes: Int
  /// The layers, those alike together, in the order of their first.
  public let layers: [Layers]

  /// Finds the experts of a model; `nil` if there are none.
  ///
  /// - Parameters:
  ///   - tensors: All tensors.
  ///   - metadata: The model's metadata.
  /// - Complexity: O(*n*) in tensors.
  public init?(tensors: [TensorInfo], metadata: Metadata) {
    var routed: [Int: [(name: ExpertTensorName, tensor: TensorInfo)]] = [:]
    var shared: [Int: Int] = [:]
    for tensor in tensors {
      if let name = ExpertTensorName(tensor.name) {
        routed[name.layer, default: []].append((name, tensor))
      } else if tensor.name.contains("_shexp."), let layer = LayeredName(tensor.name).layer {
        shared[layer] = [shared[layer] ?? 0, tensor.byteCount ?? 0].clampedSum { $0 }
      }
    }
    guard !routed.isEmpty else { return nil }
    let all = routed.values.joined()
    let isMerged = Set(all.map { $0.name.expert == nil })
    layout = isMerged.count > 1 ? .mixed : isMerged.contains(true) ? .merged : .perExpert
    layers = Self.grouped(
      routed.sorted { $0.key < $1.key }.map { layer, members in
        Layers(layer, members, sharedBytes: shared[layer] ?? 0)
      })
    expertCount = metadata.model("expert_count")?.integer ?? layers.first?.expertCount ?? 0
    usedCount = metadata.model("expert_used_count")?.integer
    sharedCount = metadata.model("expert_shared_count")?.integer
    weightCount = all.clampedSum { $0.tensor.weightCount }
    tensorBytes = all.clampedSum { $0.tensor.byteCount ?? 0 }
  }

  /// The part of the routed experts' weights that a token goes through; `nil` where the metadata
  /// does not say, or says what cannot be.
  public var activePart: Double? {
    guard let usedCount, usedCount >= 0, usedCount <= expertCount, expertCount > 0 else {
      return nil
    }
    return Double(usedCount) / Double(expertCount)
  }

  /// Puts layers together that differ in nothing but their numbers.
  private static func grouped(_ single: [Layers]) -> [Layers] {
    var groups: [Layers] = []
    for layer in single {
      if let place = groups.firstIndex(where: { $0.isAlike(layer) }) {
        groups[place] = groups[place].adding(layer)
      } else {
        groups.append(layer)
      }
    }
    return groups
  }
}

extension ExpertSummary.Layers {
  fileprivate init(
    _ layer: Int, _ members: [(name: ExpertTensorName, tensor: TensorInfo)], sharedBytes: Int
  ) {
    layers = [layer]
    expertCount = Self.expertCount(members)
    let weights = members.filter { $0.name.suffix == "weight" }
    projections = ["gate_up", "gate", "up", "down"].compactMap { projection in
      let tensors = weights.filter { $0.name.projection == projection }
      return tensors.isEmpty ? nil : .init(projection, tensors)
    }
    layerBytes = members.clampedSum { $0.tensor.byteCount ?? 0 }
    expertBytes = expertCount > 0 ? layerBytes / expertCount : 0
    self.sharedBytes = sharedBytes
  }

  /// Distinct single experts, or the outermost dimension of a merged tensor.
  private static func expertCount(
    _ members: [(name: ExpertTensorName, tensor: TensorInfo)]
  ) -> Int {
    let single = Set(members.compactMap(\.name.expert)).count
    let merged = members.lazy.filter { $0.name.expert == nil && $0.tensor.dimensions.count == 3 }
    return max(single, merged.first?.tensor.dimensions[2] ?? 0)
  }

  fileprivate func isAlike(_ other: Self) -> Bool {
    (expertCount, layerBytes, sharedBytes) == (
      other.expertCount, other.layerBytes, other.sharedBytes
    )
      && projections == other.projections
  }

  fileprivate func adding(_ other: Self) -> Self {
    Self(
      layers: layers + other.layers, expertCount: expertCount, projections: projections,
      expertBytes: expertBytes, layerBytes: layerBytes, sharedBytes: sharedBytes)
  }
}

extension ExpertSummary.Projection {
  fileprivate init(_ name: String, _ tensors: [(name: ExpertTensorName, tensor: TensorInfo)]) {
    self.name = name
    var counts: [String: Int] = [:]
    for (name, tensor) in tensors {
      let experts = name.expert == nil ? tensor.dimensions.dropFirst(2).first ?? 1 : 1
      counts[tensor.type.name] = [counts[tensor.type.name] ?? 0, experts].clampedSum { $0 }
    }
    types =
      counts
      .map { ExpertSummary.TypeCount(type: $0.key, expertCount: $0.value) }
      .sorted { ($1.expertCount, $0.type) < ($0.expertCount, $1.type) }
  }
}
