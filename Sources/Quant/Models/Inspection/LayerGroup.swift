// SPDX-License-Identifier: MIT
public import GGUF

/// Layers that hold the same tensors in the same shapes, though perhaps not in the same types.
public struct LayerGroup: Sendable, Encodable {
  /// Tensors that have the same place in each of the layers.
  public struct Part: Sendable, Encodable {
    /// The name without its layer.
    public let name: String
    /// Weights along each dimension, innermost first.
    public let dimensions: [Int]
    /// How many there are, over all layers.
    public let tensorCount: Int
    /// Their types, the one with most weights first.
    public let types: [TypeHistogram.Share]
    /// Weights of all of them.
    public let weightCount: Int
    /// Bytes of all of them, as far as sizes are known.
    public let tensorBytes: Int
  }

  /// What stands before the layer's number; empty outside the layers.
  public let stack: String
  /// The layers' numbers, ascending; empty outside the layers.
  public let layers: [Int]
  /// The tensors, in the order of the file.
  public let parts: [Part]

  /// Weights of all layers together.
  public let weightCount: Int
  /// Bytes of all layers together, as far as sizes are known.
  public let tensorBytes: Int

  private init(stack: String, layers: [Int], parts: [Part]) {
    self.stack = stack
    self.layers = layers
    self.parts = parts
    weightCount = parts.clampedSum(\.weightCount)
    tensorBytes = parts.clampedSum(\.tensorBytes)
  }

  /// Groups the tensors of a model, in the order of the file.
  ///
  /// - Parameter tensors: All tensors.
  /// - Returns: The groups; the tensors outside the layers are one of them.
  /// - Complexity: O(*n*) in tensors.
  public static func groups(of tensors: [TensorInfo]) -> [LayerGroup] {
    var index = LayerIndex()
    for tensor in tensors { index.add(tensor) }
    return index.alike.map { places in
      let slots = places.first.flatMap { index.slots[$0] } ?? []
      return LayerGroup(
        stack: places.first?.stack ?? "", layers: places.compactMap(\.layer).sorted(),
        parts: slots.map { slot in
          Part(slot, places.flatMap { index.members[$0]?[slot] ?? [] })
        })
    }
  }
}

/// The tensors of a model by layer and by their place in it.
private struct LayerIndex {
  /// A layer, or all that is outside the layers.
  struct Place: Hashable {
    let stack: String
    let layer: Int?
  }

  /// The layers, in the order of the file.
  private var places: [Place] = []
  /// What each layer holds, in the order of the file.
  private(set) var slots: [Place: [Slot]] = [:]
  /// The tensors: more than one in a slot for single experts.
  private(set) var members: [Place: [Slot: [TensorInfo]]] = [:]

  mutating func add(_ tensor: TensorInfo) {
    let name = LayeredName(tensor.name)
    let place = Place(stack: name.stack, layer: name.layer)
    let slot = Slot(part: name.part, dimensions: tensor.dimensions)
    if slots[place] == nil { places.append(place) }
    if members[place]?[slot] == nil { slots[place, default: []].append(slot) }
    members[place, default: [:]][slot, default: []].append(tensor)
  }

  /// The layers, those together that hold as many tensors in the same slots.
  var alike: [[Place]] {
    var groups: [[Place]] = []
    var known: [Shape: Int] = [:]
    for place in places {
      let counts = (members[place] ?? [:]).mapValues(\.count)
      let shape = Shape(stack: place.stack, counts: counts)
      if let group = known[shape] {
        groups[group].append(place)
      } else {
        known[shape] = groups.count
        groups.append([place])
      }
    }
    return groups
  }
}

/// The place of a tensor in its layer.
private struct Slot: Hashable {
  let part: String
  let dimensions: [Int]
}

/// What makes two layers alike.
private struct Shape: Hashable {
  let stack: String
  let counts: [Slot: Int]
}

extension LayerGroup.Part {
  fileprivate init(_ slot: Slot, _ tensors: [TensorInfo]) {
    name = slot.part
    dimensions = slot.dimensions
    tensorCount = tensors.count
    types = TypeHistogram(tensors).shares
    weightCount = tensors.clampedSum(\.weightCount)
    tensorBytes = tensors.clampedSum { $0.byteCount ?? 0 }
  }
}
