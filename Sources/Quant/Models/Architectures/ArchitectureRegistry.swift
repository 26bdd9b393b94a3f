// SPDX-License-Identifier: MIT
public import GGUF

/// The architectures that anything is known of: one line each.
///
/// What is true of one architecture stands in its file; the rest of the library asks here by name, and
/// gets neutral values for names that are not here.
public enum ArchitectureRegistry {
  package static let all: [any Architecture.Type] = [
    AFMoE.self,
    Arcee.self,
    Arctic.self,
    BERT.self,
    BailingMoE.self,
    BailingMoE3.self,
    BitNet.self,
    Bloom.self,
    Chameleon.self,
    ChatGLM.self,
    Cohere2.self,
    Cohere2MoE.self,
    CommandR.self,
    DBRX.self,
    Deci.self,
    DeepSeek1.self,
    DeepSeek2.self,
    DeepSeek32.self,
    DeepSeek4.self,
    DeepSeekOCR.self,
    Dots1.self,
    Dots3Note.self,
    EXAONE4.self,
    EXAONEMoE.self,
    Ernie45.self,
    Falcon.self,
    FalconH1.self,
    GLM4.self,
    GLM4MoE.self,
    GLM5Next.self,
    GPT2.self,
    GPTNeoX.self,
    GPTOSS.self,
    Gemma.self,
    Gemma1.self,
    Gemma3n.self,
    Gemma4.self,
    GemmaEmbedding.self,
    Granite.self,
    GraniteMoE.self,
    Grok.self,
    GroveMoE.self,
    HYV3.self,
    HYV4.self,
    Hunyuan.self,
    HunyuanVL.self,
    JAIS2.self,
    Jamba.self,
    KimiK3.self,
    KimiLinear.self,
    LFM2.self,
    LLaDA.self,
    Laguna.self,
    Llama.self,
    Llama4.self,
    LlamaLike.self,
    Maincoder.self,
    Mamba.self,
    Mamba2.self,
    Mellum.self,
    MiMo2.self,
    MiniCPM3.self,
    MiniMaxM2.self,
    MiniMaxM3.self,
    Mistral3.self,
    MuseGlimmer.self,
    Nemotron.self,
    NemotronH.self,
    OLMo1.self,
    OLMo2.self,
    OLMoE.self,
    OpenELM.self,
    PLaMo.self,
    PLaMo2.self,
    PaddleOCR.self,
    Phi2.self,
    Phi3.self,
    PhiMoE.self,
    Qwen2.self,
    Qwen2MoE.self,
    Qwen2VL.self,
    Qwen3.self,
    Qwen3Next.self,
    Qwen3VL.self,
    Qwen4Exp.self,
    QwenLikeMoE.self,
    RWKV.self,
    RWKVOnQwen.self,
    Refact.self,
    SeedOSS.self,
    SmallThinker.self,
    SmolLM3.self,
    StableLM.self,
    StarCoder2.self,
    Step35.self,
    T5.self,
  ]

  /// The names of those that can be evaluated, in alphabetical order.
  public static var names: [String] {
    all.filter { $0 is any EvaluableArchitecture.Type }.flatMap { $0.names }.sorted()
  }

  /// The architecture of sizes that come without a name.
  package static var plain: String { Llama.names[0] }

  /// Describes what a model computes.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - contextLength: Tokens of a window: some models change with it.
  ///   - describesAhead: Whether layers that predict further tokens (MTP) are described, too.
  /// - Returns: Its graph.
  /// - Throws: `QuantError.unsupported` for an architecture that cannot be evaluated, keys that are
  ///   missing or make no sense, or no layers that predict further tokens where they are to be described;
  ///   `.tensor` for tensors that do not fit them.
  public static func graph(
    of source: any ModelSource, contextLength: Int, describesAhead: Bool = false
  ) throws(QuantError) -> ModelGraph {
    try OtherContent.check(source)
    guard let name = source.metadata.architecture else {
      throw .content(
        file: source.path, line: 0, what: "expected the key general.architecture, found none")
    }
    guard let architecture = architecture(name) as? any EvaluableArchitecture.Type else {
      let nearest = NearName.nearest(name, among: names) ?? plain
      throw .unsupported(
        "\(source.path): expected one of the \(names.count) architectures that Docs/Evaluation.md lists,"
          + " found \"\(name)\"; the nearest is \"\(nearest)\"")
    }
    let reader = ModelReader(
      source: source, architecture: name, contextLength: contextLength,
      ahead: describesAhead ? try AheadForm(of: source, architecture) : nil)
    return try architecture.graph(reader)
  }

  private static func architecture(_ name: String) -> (any Architecture.Type)? {
    all.first { $0.names.contains(name) }
  }
}

extension ArchitectureRegistry {
  /// Whether anything is known of an architecture.
  package static func knows(_ name: String) -> Bool { architecture(name) != nil }

  /// What memory at run time depends on beyond keys and tensors.
  package static func memory(_ name: String) -> MemoryTraits {
    architecture(name)?.memory(name) ?? .unknown
  }

  /// The names of architectures whose memory has a trait, in alphabetical order.
  package static func names(_ has: (MemoryTraits) -> Bool) -> [String] {
    all.flatMap { type in type.names.filter { has(type.memory($0)) } }.sorted()
  }

  /// What a model's layers get by their number, its keys' rules among it; `nil` if nobody knows.
  ///
  /// Throws `QuantError.content` for keys that make no sense.
  package static func layerRules(_ model: KeyReader) throws(QuantError) -> [LayerRule]? {
    guard let own = try architecture(model.architecture)?.layerRules(model) else { return nil }
    return own + (try model.keyedLayerRules())
  }

  /// The dense architecture that a mixture becomes when each layer keeps one expert.
  package static func denseForm(_ name: String) -> DenseForm? { architecture(name)?.dense(name) }

  /// The names of architectures that have a dense form, in alphabetical order.
  package static var namesWithDenseForm: [String] {
    all.flatMap { type in type.names.filter { type.dense($0) != nil } }.sorted()
  }
}
