// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Bytes that one device needs.
public struct DeviceMemory: Sendable, Equatable {
  /// The device.
  public let device: MemoryDevice
  /// Bytes of weights.
  public internal(set) var weights = 0
  /// Bytes of caches and states.
  public internal(set) var cache = 0
  /// Bytes of the buffer that computations work in.
  public internal(set) var compute = 0
  /// Bytes of logits.
  public internal(set) var output = 0

  /// All of it; files that claim more than any machine has stop at 2⁵⁵ bytes.
  public var total: Int { min([weights, cache, compute, output].clampedSum { $0 }, 1 << 55) }

  init(_ device: MemoryDevice) { self.device = device }
}

/// How sure a figure is.
public enum EstimateMethod: String, Sendable {
  /// Arithmetic: to the byte.
  case exact
  /// A replay of llama.cpp's allocator: to the byte where it was compared.
  case replayed
  /// Meant to be above what is needed, by a tenth or more.
  case bound
}

/// What compute buffers are estimated by.
public enum ComputeRule: Sendable {
  /// The most exact that is known for the architecture.
  case best
  /// As if the architecture were not known.
  case unknownArchitecture
  /// Formulas alone.
  case formula
}

/// Bytes that a model needs on every device.
public struct MemoryEstimate: Sendable {
  /// The GPUs in order.
  public let gpus: [DeviceMemory]
  /// Host memory.
  public let host: DeviceMemory
  /// How sure the compute buffers are.
  public let computeMethod: EstimateMethod
  /// How sure weights and caches are; the output is exact.
  public let cacheMethod: EstimateMethod

  /// Estimates a placement.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - placement: Where its layers and tensors are.
  ///   - options: How it is run; checked before (`ContextOptions.check`).
  ///   - rule: What compute buffers are estimated by.
  /// - Complexity: O(*n*) in tensors of the model and of the computation.
  public init(
    _ model: MemoryModel, placement: DevicePlacement, options: ContextOptions,
    rule: ComputeRule = .best
  ) {
    self.init(
      model, placement: placement, options: options,
      buffers: ComputeBuffers(model, options, rule))
  }

  /// Estimates one of several placements, whose buffers are the same but for where they are.
  init(
    _ model: MemoryModel, placement: DevicePlacement, options: ContextOptions,
    buffers: ComputeBuffers
  ) {
    var devices = Self.kept(model, placement: placement, options: options)
    for (index, bytes) in buffers.bytes(model, placement).enumerated() {
      devices[index].compute = bytes
    }
    host = devices.removeLast()
    gpus = devices
    computeMethod = buffers.method
    cacheMethod = model.shape.isCompared ? .exact : .bound
  }

  /// All but the buffers that computations work in, which are much more work: GPUs, and the host last.
  static func kept(
    _ model: MemoryModel, placement: DevicePlacement, options: ContextOptions
  ) -> [DeviceMemory] {
    let gpuCount = placement.rule.gpuCount
    var devices = (0..<gpuCount).map { DeviceMemory(.gpu($0)) } + [DeviceMemory(.host)]
    func place(_ device: MemoryDevice) -> Int {
      if case .gpu(let index) = device { min(index, gpuCount) } else { gpuCount }
    }
    let rules = options.rules
    let embedding = model.index(of: "token_embd.weight")
    for (index, device) in zip(model.tensors.indices, placement.tensors)
    where model.isLoaded(model.tensors[index]) {
      // Runtimes of before the fusion read quantized embeddings on the CPU alone.
      let isRead =
        model.tensors[index].isReadByGPUs || (index == embedding && rules.keepsExperts)
      devices[place(device)].weights.addClamped(
        bytes(of: model.tensors[index], on: device, rules, isPinned: gpuCount > 0 && isRead))
    }
    for (index, device) in placement.copies(model) {
      devices[place(device)].weights.addClamped(
        bytes(of: model.tensors[index], on: device, rules, isPinned: gpuCount > 0))
    }
    let cache = CacheEstimate(shape: model.shape, options: options)
    for layer in model.shape.layers.indices {
      let device = options.offloadsCache ? placement.layers[layer] : .host
      devices[place(device)].cache.addClamped(
        cache.bytes(layer: layer, isOnGPU: device != .host))
    }
    devices[gpuCount].output = 4 * model.shape.vocabulary * options.sequences
    return devices
  }

  /// Bytes of a tensor with the padding of its device; pinned where GPUs copy from host memory.
  static func bytes(
    of tensor: MemoryModel.Tensor, on device: MemoryDevice, _ rules: BackendRules,
    isPinned: Bool = true
  ) -> Int {
    guard device != .host else {
      return tensor.byteCount.roundedUp(
        to: isPinned ? BufferAlignment.pinned : BufferAlignment.host)
    }
    let padding = rules.padding(tensor.type, row: tensor.description.dimensions.first ?? 1)
    return (tensor.byteCount + padding).roundedUp(to: rules.alignment)
  }
}

extension MemoryModel.Tensor {
  /// Whether GPUs read it where it is in host memory: tensors of layers and of the output.
  fileprivate var isReadByGPUs: Bool { layer != nil || name.hasPrefix("output") }
}

extension DevicePlacement {
  /// Tensors that devices hold a copy of.
  func copies(_ model: MemoryModel) -> [(Int, MemoryDevice)] {
    var copies = factorCopies.map { ($0.tensor, $0.device) }
    if let outputCopy, let index = model.index(of: "token_embd.weight") {
      copies.append((index, outputCopy))
    }
    return copies
  }
}
