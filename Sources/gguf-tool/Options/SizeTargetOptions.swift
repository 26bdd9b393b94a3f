// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which model is estimated, and in which types.
struct SizeTargetOptions: ParsableArguments, SettingOptions {
  @Argument(
    help: ArgumentHelp(
      "The model, or any shard of it; its header is enough. Not with --config or --shape.",
      valueName: "file"),
    completion: .model)
  var model: String?

  @Option(
    help: ArgumentHelp(
      "A Hugging Face config.json, or Mistral's params.json, instead of a model.",
      valueName: "file"),
    completion: .file())
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Sizes instead of a model, such as layers=6,embedding=512,heads=8,experts=8,... Names: "
        + "\(ModelConfiguration.names).",
      valueName: "name=value,..."))
  var shape: String?

  @Option(
    help: ArgumentHelp(
      "Estimate the model as requantize would write it with this preset.", valueName: "preset"),
    completion: .presets)
  var type: String?

  @Option(
    help: ArgumentHelp("Estimate it as written with this recipe file.", valueName: "file"),
    completion: .file())
  var recipe: String?

  @Option(
    help: ArgumentHelp(
      "Like --recipe, for a recipe that the plan command wrote.", valueName: "file"),
    completion: .file())
  var plan: String?

  @Option(
    help: ArgumentHelp(
      "The importance matrix to quantize with; some presets depend on it.",
      valueName: "file"),
    completion: .imatrix)
  var imatrix: String?

  @Flag(help: "Show one line per preset: size, bits per weight, where it fits, tokens per second.")
  var allPresets = false

  @Flag(help: "List the machines that --machine knows, and end.")
  var machines = false

  static let settings: [QuantError.Setting: SettingWords] = [
    .layout: .hint(": write one tensor per expert (layout = per-expert in the recipe)")
  ]

  func validate() throws {
    guard !machines else { return }
    guard [model, config, shape].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("Expected a model, --config or --shape, and only one of them.")
    }
    guard model?.hasSuffix(".json") != true else {
      throw ValidationError(
        "\(model ?? ""): this is the name of a JSON file: expected --config before a config.json.")
    }
    guard recipe == nil || plan == nil else {
      throw ValidationError("--plan and --recipe both name a recipe: expected one of them.")
    }
    guard !allPresets || (type == nil && recipe == nil && plan == nil) else {
      throw ValidationError("--all-presets shows every preset: expected no --type and no recipe.")
    }
    if let type { _ = try RecipeSource.preset(type) }
  }

  /// Whether the types are given.
  var hasTypes: Bool { type != nil || recipe != nil || plan != nil }

  /// The recipe that is asked for; `nil` for the model as it is.
  func makeRecipe() throws -> Recipe? {
    guard hasTypes else { return nil }
    return try RecipeSource(type: type, file: recipe ?? plan).recipe()
  }

  /// Opens what the options name.
  func open() throws -> SizeTarget {
    let matrix = try imatrix.map { try ImportanceMatrix.read($0) }
    if let shape {
      let configuration = try ModelConfiguration(shape: shape, option: "--shape")
      return .configuration(try configuration.header("--shape"), "--shape")
    }
    if let config {
      let header = try ArchitectureRegistry.header(
        ofConfiguration: try TextFile.read(config), file: config)
      if header.hasOtherInputs {
        Notes.write("\(config): only the language model is counted, not its image or audio encoder")
      }
      return .configuration(header, config)
    }
    let path = model ?? ""
    try Self.checkIsNotConfiguration(path)
    return .file(try PartialModel.open(path), matrix)
  }

  /// Names the option for a config.json given as a model.
  private static func checkIsNotConfiguration(_ path: String) throws {
    guard let file = try? LocalFile(path: path),
      let beginning = try? file.bytes(0..<min(file.byteCount, FileKind.lookedAt)),
      FileKind(beginning: beginning) == .json
    else { return }
    throw ValidationError(
      "\(path): expected a GGUF file, found JSON text; give a config.json with --config.")
  }
}

/// A model to be estimated: a file, or sizes alone.
enum SizeTarget {
  case file(any ModelSource, ImportanceMatrix?)
  case configuration(ConfiguredHeader, String)

  /// The model in the types of a recipe, or as it is.
  func model(_ recipe: Recipe?) throws -> MemoryModel {
    switch self {
    case .configuration(let header, let name):
      return try MemoryModel(header, name: name, recipe: recipe)
    case .file(let file, let matrix):
      guard let recipe else { return try MemoryModel(file) }
      let plan = try RequantizePlan(
        source: file, recipe: recipe, importance: matrix, output: .single("model.gguf"),
        toolVersion: Version.current)
      return try MemoryModel(plan.plan)
    }
  }

  /// The files that are read.
  var files: [String] {
    switch self {
    case .configuration(_, let name): name == "--shape" ? [] : [name]
    case .file(let file, _): file.files.map(\.name)
    }
  }

  /// Whether the weights are there in full precision, so that every preset can be made from them.
  var isUnquantized: Bool {
    switch self {
    case .configuration: true
    case .file(let file, _): !file.tensors.contains { $0.type.isQuantized }
    }
  }
}
