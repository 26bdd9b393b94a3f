// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

/// Projectors, draft models, adapters and checkpoints.
@Suite struct BesideModelTests {
  private let folder: TemporaryFolder
  private static let options = ContextOptions(context: 8192)

  init() throws { folder = try TemporaryFolder() }

  private func open(_ file: ModelFile, _ name: String) throws -> GGUFFile {
    try file.write(to: folder.path(name))
    return try GGUFFile.open(folder.path(name))
  }

  /// A projector with the sizes of Qwen3.5-4B's and two of its matrices.
  private func projector(image: Int, merge: Int? = nil) -> ModelFile {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("clip")
    file.metadata["general.type"] = .string("mmproj")
    let sizes = [
      "embedding_length": 1024, "feed_forward_length": 4096, "image_size": image, "patch_size": 16,
      "spatial_merge_size": merge,
    ]
    for (key, size) in sizes {
      guard let size else { continue }
      file.metadata["clip.vision.\(key)"] = .uint32(UInt32(size))
    }
    file.add("v.patch_embd.weight", [16, 16, 3, 8], .F16)
    file.add("v.position_embd.weight", [10, 3], .F32)
    return file
  }

  /// A fit with something beside the model.
  private func fit(
    _ model: String, _ budget: MemoryBudget?, options: ContextOptions = Self.options,
    rule: PlacementRule? = nil, _ change: (inout BesideModel) throws -> Void
  ) throws -> MemoryFit {
    var beside = BesideModel()
    try change(&beside)
    return try MemoryFit(
      MemoryFixtures.model(model), options: options, budget: budget, rule: rule, beside: beside)
  }

  /// A log of llama.cpp pull 22673 tells 223.30 MiB for an image of 1472 by 1472.
  @Test func `a projector is on the first GPU, its buffer a bound`() throws {
    let source = try open(projector(image: 1472), "mmproj.gguf")
    let budget = MemoryBudget(gpus: [8 << 30, 8 << 30])
    let fit = try fit("tanuki-8b-Q6_K", budget) { $0.projector = source }
    #expect(fit.others.map(\.kind) == [.projectorWeights, .projectorCompute])
    #expect(fit.others.allSatisfy { $0.device == .gpu(0) })
    // 12,288 bytes, and 120 which take a piece of 128.
    #expect(fit.others[0].bytes == 12_288 + 128 && fit.others[0].method == .exact)
    let measured = 223.30 * 0x1p20
    #expect((measured...2 * measured).contains(Double(fit.others[1].bytes)))
    #expect(fit.others[1].method == .bound)
    #expect(fit.budget?.target(.gpu(0)) == (7 << 30) - fit.otherBytes(on: .gpu(0)))
    #expect(fit.otherBytes(on: .gpu(1)) == 0)
    let host = try self.fit("tanuki-8b-Q6_K", nil) { $0.projector = source }
    #expect(host.others.allSatisfy { $0.device == .host })
  }

  @Test func `a projector for images of any size is taken for the largest`() throws {
    let sources = [
      try open(projector(image: 768), "a.gguf"),
      try open(projector(image: 768, merge: 2), "b.gguf"),
    ]
    let bytes = try sources.map { source in
      try fit("tanuki-8b-Q6_K", nil) { $0.projector = source }.others[1].bytes
    }
    // 48 by 48 patches, and 4096 tokens of four patches.
    #expect(bytes[1] / bytes[0] == 16_384 / (48 * 48))
  }

  @Test func `a draft model has weights, cache and buffers of its own`() throws {
    let draft = try MemoryFixtures.model("qwen3-30b-a3b-Q4_K_M")
    var options = Self.options
    (options.keyType, options.valueType) = (.Q8_0, .Q8_0)
    let fit = try fit(
      "llama33-70b-Q4_K_M", MemoryBudget(gpus: [80 << 30]), options: options
    ) { $0.draft = draft }
    let alone = MemoryEstimate(
      draft, placement: DevicePlacement(draft, rule: PlacementRule(gpuCount: 1)),
      options: Self.options)
    #expect(fit.otherBytes(on: .gpu(0)) == alone.gpus[0].total)
    #expect(fit.otherBytes(on: .host) == alone.host.total)
    let cache = fit.others.first { $0.kind == .draftCache }
    #expect(cache?.bytes == 768 << 20 && cache?.method == .exact)
    #expect(fit.others.first { $0.kind == .draftCompute }?.method == .replayed)
    #expect(fit.verdict == .fits)
    let small = try self.fit("llama33-70b-Q4_K_M", MemoryBudget(gpus: [60 << 30])) {
      $0.draft = draft
    }
    #expect(small.verdict == .fitsWithFlags)
  }

  @Test func `an adapter is where the tensors are that it changes`() throws {
    var file = ModelFile()
    file.metadata["general.architecture"] = .string("llama")
    file.metadata["general.type"] = .string("adapter")
    for layer in [0, 31] {
      file.add("blk.\(layer).attn_q.weight.lora_a", [4096, 16], .F16)
      file.add("blk.\(layer).attn_q.weight.lora_b", [16, 4096], .F16)
    }
    let source = try open(file, "lora.gguf")
    let fit = try fit(
      "tanuki-8b-Q6_K", MemoryBudget(gpus: [16 << 30]),
      rule: PlacementRule(gpuCount: 1, gpuLayers: 17)
    ) { $0.adapters = [source, source] }
    #expect(fit.others.count == 4)
    #expect(fit.otherBytes(on: .gpu(0)) == 2 * 2 * 131_072)
    #expect(fit.otherBytes(on: .host) == 2 * 2 * 131_072)
  }

  @Test(arguments: [
    ("mamba-2.8b-Q4_K_M", 24_903_680, 24_903_680, 24_903_680),
    ("gpt-oss-20b", 18_874_368, 25_165_824, 0), ("qwen3-30b-a3b-Q4_K_M", 0, 0, 0),
  ])
  func `a checkpoint holds windows and states`(
    name: String, bytes: Int, unified: Int, wholeWindow: Int
  ) throws {
    let model = try MemoryFixtures.model(name)
    #expect(model.checkpointBytes(Self.options) == bytes)
    var options = Self.options
    options.sequences = 4
    #expect(model.checkpointBytes(options) == bytes)
    options.isUnified = true
    #expect(model.checkpointBytes(options) == unified)
    options.keepsWholeWindow = true
    #expect(model.checkpointBytes(options) == wholeWindow)
  }

  @Test func `checkpoints are kept for each sequence, in host memory`() throws {
    var options = Self.options
    options.sequences = 4
    options.isUnified = true
    let budget = MemoryBudget(gpus: [80 << 30], host: 4 << 30)
    let fit = try fit("mamba-2.8b-Q4_K_M", budget, options: options) { $0.checkpoints = 32 }
    #expect(fit.others.map(\.bytes) == [24_903_680 * 32 * 4] && fit.others[0].device == .host)
    #expect(fit.verdict == .doesNotFit && fit.shortage?.device == .host)
    let none = try self.fit("qwen3-30b-a3b-Q4_K_M", budget) { $0.checkpoints = 32 }
    #expect(none.others.isEmpty && none.verdict == .fits)
  }

  @Test func `files of another kind are refused`() throws {
    let source = try open(projector(image: 768), "mmproj.gguf")
    let swapped = #expect(throws: QuantError.self) {
      try fit("tanuki-8b-Q6_K", nil) { $0.adapters = [source] }
    }
    #expect(
      swapped?.description.contains("expected a LoRA adapter, found a file of another") == true)
    var file = ModelFile()
    file.metadata["general.type"] = .string("adapter")
    file.add("blk.99.attn_q.weight.lora_a", [4096, 16], .F16)
    let adapter = try open(file, "lora.gguf")
    let foreign = #expect(throws: QuantError.self) {
      try fit("tanuki-8b-Q6_K", nil) { $0.adapters = [adapter] }
    }
    #expect(foreign?.description.contains("blk.99.attn_q.weight.lora_a") == true)
    #expect(throws: QuantError.self) {
      try fit("tanuki-8b-Q6_K", nil) { $0.projector = adapter }
    }
  }

  @Test func `curves rise with the context and are what fits are made of`() throws {
    let model = try MemoryFixtures.model("qwen3-30b-a3b-Q4_K_M")
    let contexts = MemoryCurve.contexts(of: model.shape, atLeast: 100)
    #expect(contexts == [1024, 2048, 4096, 8192, 16_384, 32_768, 40_960])
    #expect(MemoryCurve.contexts(of: model.shape, atLeast: 65_536).suffix(2) == [32_768, 65_536])
    for gpus in [0, 1] {
      let curve = MemoryCurve(
        "Q4_K_M", model, options: Self.options, gpuCount: gpus, contexts: contexts)
      #expect(curve.points.map(\.context) == contexts)
      #expect(curve.points.map(\.bytes) == curve.points.map(\.bytes).sorted())
      let fit = MemoryFit(
        model, options: Self.options,
        budget: MemoryBudget(gpus: Array(repeating: 80 << 30, count: gpus)))
      let memory = gpus > 0 ? fit.estimate.gpus[0] : fit.estimate.host
      #expect(curve.points[3].bytes == memory.total)
    }
  }
}

/// Layers of the model itself that predict further tokens.
@Suite("Drafts by a model's own layers") struct DraftLayersTests {
  private func items(_ name: String) throws -> [BesideModel.Item] {
    let model = try MemoryFixtures.model(name)
    var beside = BesideModel()
    beside.draftsWithOwnLayers = true
    var rule = PlacementRule(gpuCount: 1)
    rule.split = [1]
    return try MemoryFit(
      model, options: ContextOptions(context: 8192), budget: nil, rule: rule, beside: beside
    ).others
  }

  @Test func `their weights are those that are left out otherwise`() throws {
    let model = try MemoryFixtures.model("qwen35-35b-a3b-mtp-Q4_K_M")
    let left = model.tensors.filter { $0.layer == model.shape.layerCount - 1 }
    let items = try items("qwen35-35b-a3b-mtp-Q4_K_M")
    let weights = items.filter { $0.kind == .draftWeights }
    #expect(weights.count == 1 && weights[0].method == .exact)
    // The device pads each tensor to 128 bytes, and rows of quantized ones.
    let sum = left.reduce(0) { $0 + $1.byteCount }
    #expect(sum > 0 && weights[0].bytes >= sum && weights[0].bytes < sum + left.count * 1024)
    let caches = items.filter { $0.kind == .draftCache }
    // Two heads of 256 numbers, keys and values of 16 bits.
    #expect(caches.map(\.bytes) == [2 * 2 * 256 * 2 * 8192] && caches[0].method == .bound)
  }

  @Test func `a model without them is refused`() {
    let error = #expect(throws: QuantError.self) { try items("qwen3-30b-a3b-Q4_K_M") }
    #expect(error?.description.contains("(MTP), found none") == true)
  }
}
