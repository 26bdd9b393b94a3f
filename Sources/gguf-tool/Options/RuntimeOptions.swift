// SPDX-License-Identifier: MIT
public import ArgumentParser
import GGUF
public import Quant

extension RuntimeProfile: ExpressibleByArgument {}

/// Off or on.
enum Switch: String, ExpressibleByArgument, CaseIterable {
  case on, off
}

/// How a model is run.
struct RuntimeOptions: ParsableArguments, SettingOptions {
  @Option(
    name: [.customShort("c"), .customLong("ctx"), .customLong("ctx-size")],
    help: ArgumentHelp(
      "Context length of all sequences together (default: that of the model, at most 8192).",
      valueName: "count"))
  var ctx: Int?

  @Option(
    name: [.customLong("parallel")],
    help: ArgumentHelp(
      "Parallel sequences (default: 1; llama.cpp-server: 4 that share the cache).",
      valueName: "count"))
  var parallel: Int?

  @Option(help: ArgumentHelp("Tokens per batch.", valueName: "count"))
  var batch = 2048

  @Option(
    name: [.customLong("ubatch")],
    help: ArgumentHelp("Tokens per micro-batch.", valueName: "count"))
  var ubatch = 512

  @Option(help: ArgumentHelp("Use flash attention.", valueName: "on|off"))
  var flashAttn = Switch.on

  @Option(help: ArgumentHelp("The type of cached keys.", valueName: "type"))
  var cacheTypeK = "f16"

  @Option(help: ArgumentHelp("The type of cached values.", valueName: "type"))
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
    var options = ContextOptions(context: ctx ?? min(trained ?? 4096, 8192))
    options.batch = batch
    options.microBatch = ubatch
    options.sequences = parallel ?? (runtime == .llamaServer ? 4 : 1)
    options.isUnified = kvUnified || (runtime == .llamaServer && parallel == nil)
    options.usesFlashAttention = flashAttn == .on
    options.keyType = try Self.type(cacheTypeK, "--cache-type-k")
    options.valueType = try Self.type(cacheTypeV, "--cache-type-v")
    options.keepsWholeWindow = swaFull
    options.offloadsCache = !noKvOffload
    options.offloadsWork = !noOpOffload
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
      let names = ContextOptions.cacheTypes.map(\.name).joined(separator: ", ")
      throw ValidationError("\(option): expected one of \(names), found \"\(name)\".")
    }
    return type
  }
}
