// SPDX-License-Identifier: MIT
public import ArgumentParser
import GGUF
public import Quant

extension RuntimeProfile: ExpressibleByArgument {}
extension ComputeBackend: ExpressibleByArgument {}

/// Whether attention is computed piece by piece.
enum FlashAttention: String, ExpressibleByArgument, CaseIterable {
  /// As programs choose by themselves: all but the rarest devices can.
  case on, off, auto

  /// Reads the words that llama.cpp takes, too.
  init?(argument: String) {
    switch argument.lowercased() {
    case "on", "1", "true", "enabled": self = .on
    case "off", "0", "false", "disabled": self = .off
    case "auto": self = .auto
    default: return nil
    }
  }
}

/// How a model is run.
struct RuntimeOptions: ParsableArguments, SettingOptions {
  @Option(
    name: [.customShort("c"), .customLong("ctx"), .customLong("ctx-size")],
    help: ArgumentHelp(
      "Context length of all sequences together, \(TokenCount.help); 0: that of the model (default:"
        + " that of the model, at most 8192).", valueName: "count"),
    transform: TokenCount.parse)
  var ctx: Int?

  @Option(
    name: [.customLong("parallel")],
    help: ArgumentHelp(
      "Parallel sequences (default: 1; llama.cpp-server: 4 that share the cache).",
      valueName: "count"))
  var parallel: Int?

  @Option(
    name: [.customLong("batch"), .customLong("batch-size")],
    help: ArgumentHelp("Tokens per batch.", valueName: "count"))
  var batch = 2048

  @Option(
    name: [.customLong("ubatch"), .customLong("ubatch-size")],
    help: ArgumentHelp("Tokens per micro-batch.", valueName: "count"))
  var ubatch = 512

  @Option(
    help: ArgumentHelp("Use flash attention; auto stands for on.", valueName: "on|off|auto"))
  var flashAttn = FlashAttention.on

  @Option(
    help: ArgumentHelp("The type of cached keys.", valueName: "type"),
    completion: .cacheTypes)
  var cacheTypeK = "f16"

  @Option(
    help: ArgumentHelp("The type of cached values.", valueName: "type"),
    completion: .cacheTypes)
  var cacheTypeV = "f16"

  @Flag(help: "Let all sequences share one cache.")
  var kvUnified = false

  @Flag(help: "Cache the whole context in sliding-window layers.")
  var swaFull = false

  @Flag(help: "Keep caches in host memory.")
  var noKvOffload = false

  @Flag(help: "Compute with weights in host memory on the CPU, whatever the batch.")
  var noOpOffload = false

  @Option(
    help: ArgumentHelp(
      "The program: llama.cpp (room for logits of a whole batch), llama.cpp-server (for one token per"
        + " sequence) or ollama-0.5.11 (chooses layers by its own formulas).", valueName: "name")
  )
  var runtime = RuntimeProfile.llamaCPP

  @Option(
    help: ArgumentHelp(
      "What computes on GPUs: cuda, rocm, metal or vulkan; cpu for none. Only cuda and cpu were"
        + " compared with runs.", valueName: "name"))
  var backend = ComputeBackend.cuda

  @Flag(
    help: ArgumentHelp(
      "Make no room for fused kernels, as llama.cpp does of before August 2026 or with"
        + " GGML_CUDA_DISABLE_FUSION=1."))
  var noFusion = false

  static let settings: [QuantError.Setting: SettingWords] = [
    .contextLength: .option("--ctx"),
    .sequences: .option("--parallel"),
    .batch: .option("--batch"),
    .microBatch: .option("--ubatch"),
    .keyType: .option("--cache-type-k"),
    .valueType: .option("--cache-type-v"),
  ]

  /// The options for a model.
  func context(for model: MemoryModel) throws -> ContextOptions {
    let trained = model.shape.trainedContext
    let ctx = try TokenCount.context(ctx, trained: trained)
    var options = ContextOptions(context: ctx ?? min(trained ?? 4096, 8192))
    options.batch = batch
    options.microBatch = ubatch
    options.sequences = parallel ?? (runtime == .llamaServer ? 4 : 1)
    options.isUnified = kvUnified || (runtime == .llamaServer && parallel == nil)
    options.usesFlashAttention = flashAttn != .off
    options.keyType = try Self.type(cacheTypeK, "--cache-type-k")
    options.valueType = try Self.type(cacheTypeV, "--cache-type-v")
    options.keepsWholeWindow = swaFull
    options.offloadsCache = !noKvOffload
    options.offloadsWork = !noOpOffload
    options.backend = backend
    options.usesFusion = !noFusion
    if runtime == .llamaServer { options.outputRows = options.sequences }
    try options.check(for: model.shape)
    if let ctx, let trained, ctx > trained {
      Warnings.write(
        "--ctx: \(ctx) tokens are more than the model's context length of \(trained)")
    }
    return options
  }

  private static func type(_ name: String, _ option: String) throws -> TensorType {
    guard let type = TensorType(name: name) else {
      let names = ContextOptions.cacheTypes.map(\.name)
      throw ValidationError(
        "\(option): expected one of \(names.joined(separator: ", ")), found \"\(name)\""
          + NearName.question(name, among: names) + ".")
    }
    return type
  }
}
