// SPDX-License-Identifier: MIT
public import GGUF

/// What decoding one token (batch of one) moves, and where it is moved.
public struct TokenTraffic: Sendable, Equatable {
  /// Where bytes are read.
  public enum Location: Sendable, Hashable {
    /// The processor's memory.
    case cpu
    /// The memory of a GPU, by its number.
    case gpu(Int)
  }

  /// Bytes read for a token, by place and by the type they are stored in. Bytes of the key-value cache
  /// count as F16: they are read as fast as memory delivers.
  public var reads: [Location: [TensorType: Double]] = [:]
  /// Bytes copied to a GPU for a token: experts that are missing there and are computed there.
  public var fetchedBytes = 0.0
  /// Layers of experts that a token passes on each device.
  public var mixtureLayers: [Location: Int] = [:]
  /// Other layers on each device, and those whose experts are on another.
  public var plainLayers: [Location: Int] = [:]
  /// Layers on a GPU whose experts the processor computes.
  public var splitLayers = 0

  /// Nothing moved.
  public init() {}

  /// All bytes read for a token.
  public var readBytes: Double { reads.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

  /// Adds bytes that are read for a token.
  public mutating func add(_ bytes: Double, of type: TensorType, at place: Location) {
    reads[place, default: [:]][type, default: 0] += bytes
  }
}

/// A model with experts in several precisions, some of them resident on a GPU: all that the speed of
/// decoding it depends on.
public struct MixedExperts: Sendable {
  /// The experts of one layer.
  public struct Layer: Sendable {
    /// Bytes of each expert.
    public var expertBytes: [Int]
    /// The type of each expert's weights.
    public var types: [TensorType]
    /// Whether each expert lies on the GPU.
    public var isResident: [Bool]
    /// How often each is used: the sum over a layer is the number of experts that a token uses.
    public var use: [Double]

    /// Experts of which every one is used alike often.
    ///
    /// - Parameters:
    ///   - expertBytes: Bytes of each expert.
    ///   - types: The type of each expert's weights.
    ///   - isResident: Whether each expert lies on the GPU.
    ///   - usedCount: Experts that a token uses.
    /// - Precondition: The arrays have one element an expert.
    public init(
      expertBytes: [Int], types: [TensorType], isResident: [Bool], usedCount: Int
    ) {
      precondition(expertBytes.count == types.count && types.count == isResident.count)
      self.expertBytes = expertBytes
      self.types = types
      self.isResident = isResident
      let part = Double(usedCount) / Double(max(1, expertBytes.count))
      use = Array(repeating: part, count: expertBytes.count)
    }
  }

  /// What becomes of an expert that is not on the GPU when a token needs it.
  public enum Missing: Sendable, Equatable {
    /// It is copied to the GPU, each time, and computed there (arXiv 2407.14417).
    case fetched
    /// The processor computes it where it lies, as llama.cpp does with a batch of one.
    case computedOnCPU
  }

  /// Bytes read for every token besides the experts: attention, norms, routers, output.
  public var sharedBytes: Int
  /// The type of most of these bytes.
  public var sharedType: TensorType
  /// The layers of experts.
  public var layers: [Layer]
  /// What becomes of missing experts.
  public var missing: Missing

  /// A model with its placement; all but the experts lies on GPU 0.
  public init(
    sharedBytes: Int, sharedType: TensorType = .F16, layers: [Layer], missing: Missing
  ) {
    self.sharedBytes = sharedBytes
    self.sharedType = sharedType
    self.layers = layers
    self.missing = missing
  }

  /// Bytes that lie on the GPU.
  public var residentBytes: Int {
    layers.reduce(sharedBytes) { sum, layer in
      sum + zip(layer.expertBytes, layer.isResident).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    }
  }

  /// What a token moves, on average over tokens.
  ///
  /// - Complexity: O(*n*) in experts of all layers.
  public var traffic: TokenTraffic {
    var traffic = TokenTraffic()
    traffic.add(Double(sharedBytes), of: sharedType, at: .gpu(0))
    for layer in layers {
      for (index, bytes) in layer.expertBytes.enumerated() {
        let read = Double(bytes) * layer.use[index]
        let isOnGPU = layer.isResident[index] || missing == .fetched
        traffic.add(read, of: layer.types[index], at: isOnGPU ? .gpu(0) : .cpu)
        if !layer.isResident[index] && missing == .fetched { traffic.fetchedBytes += read }
      }
    }
    traffic.mixtureLayers[.gpu(0)] = layers.count
    return traffic
  }
}
