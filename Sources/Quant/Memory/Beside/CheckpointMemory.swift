// SPDX-License-Identifier: MIT
internal import QuantModels

/// One context checkpoint of llama-server, in host memory: what cannot be cut back to an earlier token.
///
/// That is the window of layers that keep a window, and the state of recurrent layers. A checkpoint holds
/// the cells that are filled, at most all of the window's cache; with `--swa-full` there are none of them.
struct CheckpointMemory {
  /// Bytes of one checkpoint of one sequence, at most.
  let bytes: Int

  init(_ shape: ModelShape, _ options: ContextOptions) {
    let cache = CacheEstimate(shape: shape, options: options)
    bytes = shape.layers.indices.clampedSum { layer in
      let all = cache.bytes(layer: layer, isOnGPU: false)
      let memory = shape.layers[layer]
      if memory.attention?.isSliding == true {
        return options.keepsWholeWindow ? 0 : all / options.streams
      }
      // A layer that attends to everything beside its state is cut back like any other.
      return memory.recurrence != nil && memory.attention == nil ? all / options.sequences : 0
    }
  }
}

extension MemoryModel {
  /// Bytes that one context checkpoint of llama-server takes of host memory, at most; zero for models that
  /// need none.
  public func checkpointBytes(_ options: ContextOptions) -> Int {
    CheckpointMemory(shape, options).bytes
  }
}
