// SPDX-License-Identifier: MIT
public import QuantModels

extension MemoryFit {
  /// A model as Ollama 0.5.11 would run it.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - options: How it is run; batches, sequences, context and attention are Ollama's own.
  ///   - context: Tokens of context of one sequence.
  ///   - budget: What may be used; at most one GPU.
  /// - Throws: `QuantError.content` for architectures that it has other formulas for and for several
  ///   GPUs, `.setting` for a context that the model cannot have.
  public init(
    ollama model: MemoryModel, options: ContextOptions,
    context: Int = OllamaProfile.defaultContext, budget: MemoryBudget?
  ) throws(QuantError) {
    let gpus = budget?.gpus ?? []
    guard gpus.count <= 1 else {
      throw .content(
        file: model.name, line: 0, what: "ollama-0.5.11: expected one GPU, found \(gpus.count)")
    }
    let decision = try OllamaProfile(model).decision(freeBytes: gpus.first, context: context)
    var options = options
    options.context = decision.context
    options.batch = 512
    options.sequences = decision.sequences
    options.isUnified = true
    options.usesFlashAttention = false
    options.usesFusion = false
    try options.check(for: model.shape)
    var rule = PlacementRule(gpuCount: gpus.count, gpuLayers: decision.gpuLayers)
    rule.order = .outputLast
    self.init(model, options: options, budget: budget, rule: rule)
  }
}
