// SPDX-License-Identifier: MIT
public import GGUF

/// A kind of model: how its graph follows from its keys and tensors.
protocol Architecture: Sendable {
  /// The values of `general.architecture` that name it.
  static var names: [String] { get }

  /// Describes a model.
  static func graph(_ model: ModelReader) throws(QuantError) -> ModelGraph
}

/// The architectures that can be evaluated: one line each.
public enum ArchitectureRegistry {
  private static let all: [any Architecture.Type] = [
    DeepSeek2.self, GLM4MoE.self, GPTOSS.self, Gemma.self, GraniteMoE.self, Llama.self, Llama4.self,
    MiniMaxM2.self, OLMoE.self, Phi3.self, PhiMoE.self, Qwen2.self, Qwen2MoE.self, Qwen3.self,
  ]

  /// The names of all of them, in alphabetical order.
  public static var names: [String] { all.flatMap { $0.names }.sorted() }

  /// Describes what a model computes.
  ///
  /// - Parameters:
  ///   - file: The model.
  ///   - contextLength: Tokens of a window: some models change with it.
  /// - Returns: Its graph.
  /// - Throws: `QuantError.unsupported` for an architecture that is not known, or keys that are
  ///   missing or make no sense; `.shape` for tensors that do not fit them.
  public static func graph(
    of file: GGUFFile, contextLength: Int
  ) throws(QuantError) -> ModelGraph {
    guard let name = file.metadata.architecture else {
      throw .unsupported("\(file.path): expected the key general.architecture, found none")
    }
    guard let architecture = all.first(where: { $0.names.contains(name) }) else {
      throw .unsupported(
        "\(file.path): expected one of the architectures \(names.joined(separator: ", ")), found "
          + "\"\(name)\"")
    }
    return try architecture.graph(
      ModelReader(file: file, architecture: name, contextLength: contextLength))
  }
}
