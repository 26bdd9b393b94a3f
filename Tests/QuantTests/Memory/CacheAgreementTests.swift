// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// What memory says that a layer keeps agrees with what evaluation says that it computes, architecture by
/// architecture: both are read from the same keys and tensors, by rules of their own.
@Suite("Caches agree with evaluation graphs") struct CacheAgreementTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    .enabled(if: Paths.shared != nil, "needs the models in ../shared"),
    arguments: ArchitectureTests.models)
  func `models of the reference`(model: ArchitectureTests.Model) throws {
    try check(try model.open())
  }

  @Test(arguments: ArchitectureTests.own)
  func `models of our own`(name: String) throws {
    try Zstd.expand("architectures/\(name).gguf", into: folder.url)
    try check(try GGUFFile.open(folder.path("\(name).gguf")))
  }

  private func check(_ file: GGUFFile) throws {
    let graph = try ArchitectureRegistry.graph(of: file, contextLength: 256)
    let model = try MemoryModel(file)
    let shape = model.shape
    #expect(graph.layers.count == shape.trunkCount)
    #expect(graph.streams <= shape.streams)
    // llama.cpp makes caches for layers without a network, too, that it passes over (Deci).
    for (layer, memory) in zip(graph.layers, shape.layers) where !layer.steps.isEmpty {
      let blocks = layer.steps.flatMap(\.branches).map(\.block)
      LayerCheck(memory: memory, shape: shape).check(blocks, isEncoder: graph.isEncoder)
    }
    // Layers that only predict ahead keep nothing.
    #expect(
      shape.layers.dropFirst(shape.trunkCount).allSatisfy {
        $0.attention == nil && $0.recurrence == nil
      })
    try checkEstimate(model)
  }

  /// Weights and caches are exact for the families that were compared with llama.cpp, and bounds for all
  /// others; what is replayed is one of the former.
  private func checkEstimate(_ model: MemoryModel) throws {
    var options = ContextOptions(context: 1024)
    options.microBatch = 128
    let estimate = MemoryEstimate(
      model, placement: DevicePlacement(model, rule: PlacementRule(gpuCount: 1)),
      options: options)
    #expect((estimate.cacheMethod == .exact) == model.shape.isCompared)
    #expect(estimate.computeMethod == .bound || estimate.cacheMethod == .exact)
    #expect(estimate.gpus[0].compute > 0)
  }
}

/// One layer.
private struct LayerCheck {
  let memory: LayerMemory
  let shape: ModelShape

  func check(_ blocks: [BlockGraph], isEncoder: Bool) {
    var (attends, isRecurrent) = (false, false)
    for block in blocks {
      switch block {
      case .attention(let attention):
        attends = true
        check(attention, isEncoder: isEncoder)
      case .compressedAttention(let attention):
        attends = true
        check(attention)
      case .deltaNet, .mamba, .mamba2, .timeMix:
        isRecurrent = true
        #expect((memory.recurrence?.windowWidth ?? 0) > 0)
        #expect((memory.recurrence?.stateWidth ?? 0) > 0)
      case .shortConvolution:
        isRecurrent = true
        #expect((memory.recurrence?.windowWidth ?? 0) > 0)
        #expect(memory.recurrence?.stateWidth == 0)
      default: break
      }
    }
    #expect((memory.attention != nil) == attends)
    #expect((memory.recurrence != nil) == isRecurrent)
  }

  private func check(_ graph: AttentionGraph, isEncoder: Bool) {
    guard let cached = memory.attention else { return }
    // llama.cpp makes a cache for T5's encoder, as for its decoder.
    #expect(cached.isCached == !isEncoder || shape.architecture == "t5encoder")
    #expect(cached.heads == graph.heads)
    guard !isEncoder else { return }
    checkSizes(graph, cached)
    checkWindow(graph.window, cached)
    checkIndexer(graph.selection)
  }

  private func checkSizes(_ graph: AttentionGraph, _ cached: LayerMemory.Attention) {
    switch graph.input {
    case .latent(let latent):
      if case .perHead = latent.expansion {
        #expect(cached.isLatent)
        #expect(cached.keyWidth == latent.down.outputs)
        #expect(cached.valueWidth == 0)
        return
      }
    case .shared:
      #expect(cached.sharedLayer != nil)
      return
    default: break
    }
    #expect(cached.sharedLayer == nil && !cached.isLatent)
    #expect(cached.keyWidth == graph.keyValueHeads * graph.keySize)
    #expect(cached.valueWidth == graph.keyValueHeads * graph.valueSize)
  }

  private func checkWindow(_ window: AttentionWindow, _ cached: LayerMemory.Attention) {
    switch window {
    case .full: #expect(!cached.isSliding)
    case .sliding(let size), .chunked(let size), .symmetric(let size):
      #expect(cached.isSliding)
      #expect(shape.slidingWindow == size)
    }
  }

  /// Rows of the context beside keys and values.
  private var indexed: [LayerMemory.Cache] { memory.caches.filter { $0.rows == .context } }

  private func checkIndexer(_ selection: KeySelection?) {
    guard let selection else {
      #expect(indexed.isEmpty)
      return
    }
    guard let indexer = selection.indexer else {
      // It sees what an earlier layer chose: bounds may count keys for it, too.
      #expect(indexed.isEmpty || !shape.isCompared)
      return
    }
    let parts = indexer.pooling == nil ? 1 : 3
    #expect(indexed.first?.width == parts * indexer.size)
  }

  private func check(_ graph: CompressedAttentionGraph) {
    #expect(memory.attention?.isLatent == true)
    #expect(memory.attention?.keyWidth == graph.size)
    #expect(memory.attention?.isSliding == true)
    #expect(shape.slidingWindow == graph.window)
    let expected = [graph.blocks, graph.selection?.keys].compactMap { blocks in
      blocks.map { LayerMemory.Cache(width: $0.size, rows: .compressed($0.ratio)) }
    }
    let compressed = memory.caches.filter {
      if case .compressed = $0.rows { true } else { false }
    }
    #expect(compressed == expected)
  }
}
