// SPDX-License-Identifier: MIT
internal import QuantModels

/// The memory of a model that is whole on its devices, against its context.
public struct MemoryCurve: Sendable {
  /// One context.
  public struct Point: Sendable, Equatable {
    /// Tokens of context.
    public let context: Int
    /// Bytes on all GPUs; without GPUs, in host memory.
    public let bytes: Int
  }

  /// What to call the types of the model.
  public let name: String
  /// The contexts, the shortest first.
  public let points: [Point]

  /// Estimates a model with several contexts.
  ///
  /// - Parameters:
  ///   - name: What to call its types.
  ///   - model: The model.
  ///   - options: How it is run, apart from the context; checked before.
  ///   - gpuCount: GPUs that it is shared out to; zero for host memory.
  ///   - contexts: The contexts.
  /// - Complexity: One estimate a context.
  public init(
    _ name: String, _ model: MemoryModel, options: ContextOptions, gpuCount: Int, contexts: [Int]
  ) {
    self.name = name
    let placement = DevicePlacement(model, rule: PlacementRule(gpuCount: gpuCount))
    points = contexts.map { context in
      var options = options
      options.context = context
      let memory = MemoryEstimate(model, placement: placement, options: options)
      let devices = gpuCount > 0 ? memory.gpus : [memory.host]
      return Point(context: context, bytes: devices.clampedSum(\.total))
    }
  }

  /// Contexts from 1024 tokens on, each twice the one before, up to what a model was made for.
  public static func contexts(of shape: ModelShape, atLeast context: Int) -> [Int] {
    let most = max(shape.trainedContext ?? 1 << 17, context)
    var contexts: [Int] = []
    var next = min(1024, most)
    while next < most {
      contexts.append(next)
      next *= 2
    }
    return contexts + [most]
  }
}
