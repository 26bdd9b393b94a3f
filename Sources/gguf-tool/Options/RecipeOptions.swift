// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What the user says about types, as llama-quantize spells it.
struct RecipeOptions: ParsableArguments, SettingOptions {
  @Option(
    help: ArgumentHelp(
      "The preset: \(FileType.all.map(\.name).joined(separator: ", ")), its number, or COPY. Needed"
        + " unless the recipe file names one.",
      valueName: "preset"),
    completion: .presets)
  var type: String?

  @Flag(help: "Use the preset's main type for every tensor, without its mix.")
  var pure = false

  @Option(
    help: ArgumentHelp(
      "The type of tensors whose names match the regular expression, or of experts, as in"
        + " blk.*.experts[0,3-5].ffn_down=Q6_K; or keep. Repeatable, the first match wins.",
      valueName: "regex=type"))
  var tensorType: [String] = []

  @Option(
    help: ArgumentHelp("A file of regex=type pairs, separated by white space.", valueName: "file"),
    completion: .file())
  var tensorTypeFile: String?

  @Option(
    help: ArgumentHelp(
      "A file with lines `pattern = type  # note`, and preset, layout and effort = NAME.",
      valueName: "file"),
    completion: .file())
  var recipe: String?

  @Option(
    help: ArgumentHelp(
      "Expert tensors: merged, one for all experts of a layer; per-expert, one per expert with its own"
        + " type, for this tool's evaluator; or keep. Default: that of the recipe file, else keep.",
      valueName: "layout"))
  var layout: ExpertLayout?

  @Flag(help: "Give a merged tensor the best type among those chosen for its experts.")
  var promote = false

  @Option(
    help: ArgumentHelp(
      "How long encoders search: fast, for an error near llama.cpp's; default; or best, up to three"
        + " times as long for less error. No effect on types without a search (F16, BF16, Q8_0, ...)."
        + " Default: that of the recipe file, else default.", valueName: "effort"))
  var effort: Effort?

  @Option(
    help: ArgumentHelp("The type of output.weight.", valueName: "type"),
    completion: .types)
  var outputTensorType: String?

  @Option(
    help: ArgumentHelp("The type of the token embedding.", valueName: "type"),
    completion: .types)
  var tokenEmbeddingType: String?

  @Flag(help: "Leave output.weight as it is.")
  var leaveOutputTensor = false

  @Flag(help: "Requantize tensors that are already quantized; this adds to their error.")
  var allowRequantize = false

  @Flag(
    help:
      "Write types that need an importance matrix without one, weighting all columns equally.")
  var allowMissingImatrix = false

  @Option(
    help: ArgumentHelp(
      "The type of tensors in layers that the importance matrix knows nothing of, such as layers that"
        + " only predict ahead. Default: they stay as they are where their type would need a matrix.",
      valueName: "type"),
    completion: .types)
  var missingType: String?

  @Option(
    help: ArgumentHelp("Layers to remove, such as 3,7,20-23.", valueName: "layers"))
  var pruneLayers: String?

  @Option(
    name: .customLong("override-kv"),
    help: ArgumentHelp(
      "Metadata to set: KEY=int:N, float:X, bool:true or str:TEXT; repeatable.",
      valueName: "key=type:value"))
  var overrides: [String] = []

  @Option(
    help: ArgumentHelp(
      "Leave room in the header, such as 1MiB, so that edit can change keys in place.",
      valueName: "size"))
  var headerRoom: String?

  static let settings: [QuantError.Setting: SettingWords] = [
    .metadata: .option("--override-kv"),
    .prunedLayers: .option("--prune-layers"),
    .layout: .hint(
      ": write one tensor per expert (--layout per-expert), or use the best type (--promote)"),
    .requantizing: .hint(", or pass --allow-requantize"),
  ]

  mutating func validate() throws {
    guard type != nil || recipe != nil else {
      throw ValidationError(
        "Expected --type, as in --type Q4_K_M, or --recipe with a file that has a line"
          + " \"preset = NAME\".")
    }
    guard !leaveOutputTensor || outputTensorType == nil else {
      throw ValidationError(
        "Only one of --leave-output-tensor and --output-tensor-type can be given.")
    }
  }

  /// The recipe that the options and the recipe file describe; options go before the file.
  func makeRecipe() throws -> Recipe {
    var recipe = try RecipeSource(type: type, file: recipe).recipe()
    recipe.isPure = pure
    recipe.rules = try rules() + recipe.rules
    recipe.effort = effort ?? recipe.effort
    recipe.layout = layout ?? recipe.layout
    recipe.promotesExperts = promote
    recipe.outputTensorType = try outputTensorType.map {
      try Self.tensorType($0, "--output-tensor-type")
    }
    recipe.tokenEmbeddingType = try tokenEmbeddingType.map {
      try Self.tensorType($0, "--token-embedding-type")
    }
    recipe.missingType = try missingType.map { try Self.tensorType($0, "--missing-type") }
    recipe.leavesOutputTensor = leaveOutputTensor
    recipe.allowsRequantizing = allowRequantize
    recipe.allowsMissingImportance = allowMissingImatrix
    recipe.prunedLayers = try Self.layers(pruneLayers ?? "")
    recipe.overrides = try overrides.map(Self.override)
    recipe.headerRoom = try headerRoom.map(Size.headerRoom).flatMap { $0 == 0 ? nil : $0 }
    try checkCopy(recipe)
    return recipe
  }

  /// Refuses types for tensors that are to be copied.
  private func checkCopy(_ recipe: Recipe) throws {
    guard recipe.preset == nil else { return }
    let given = [
      (recipe.isPure, "--pure"), (!tensorType.isEmpty, "--tensor-type"),
      (tensorTypeFile != nil, "--tensor-type-file"),
      (recipe.outputTensorType != nil, "--output-tensor-type"),
      (recipe.tokenEmbeddingType != nil, "--token-embedding-type"),
      (recipe.missingType != nil, "--missing-type"), (!recipe.rules.isEmpty, "rules in --recipe"),
    ]
    guard let found = given.first(where: \.0)?.1 else { return }
    throw ValidationError(
      "--type COPY keeps all types: expected no option that changes them, found \(found).")
  }

  /// The rules of the options, which go before the recipe file's.
  private func rules() throws -> [TypeRule] {
    var rules = try tensorType.map { try TypeRule(option: $0, file: "--tensor-type") }
    if let tensorTypeFile {
      rules += try RecipeFile.tensorTypeFile(TextFile.read(tensorTypeFile), file: tensorTypeFile)
    }
    return rules
  }

  private static func tensorType(_ text: String, _ option: String) throws -> TensorType {
    guard let type = TensorType(name: text), type.status == .current else {
      throw ValidationError(
        "\(option): there is no type \"\(text)\"\(FormatRegistry.question(text)); types are "
          + "\(FormatRegistry.encodableNames).")
    }
    return type
  }

  /// `3,7,20-23` as a set of numbers.
  static func layers(_ text: String) throws -> Set<Int> {
    var layers: Set<Int> = []
    for part in text.split(separator: ",") {
      guard let list = NumberList(part), !list.isAll else {
        throw ValidationError(
          "--prune-layers: expected numbers such as 3,7,20-23, found \"\(part)\".")
      }
      layers.formUnion(list.numbers)
    }
    return layers
  }

  /// `key=type:value` as metadata.
  static func override(_ text: String) throws -> (key: String, value: MetadataValue) {
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex,
      let colon = text[sign...].firstIndex(of: ":"),
      let (type, expected) = overrideTypes[String(text[text.index(after: sign)..<colon])]
    else {
      throw ValidationError(
        "--override-kv: expected KEY=int:N, float:X, bool:true or str:TEXT, found \"\(text)\".")
    }
    let (key, raw) = (String(text[..<sign]), String(text[text.index(after: colon)...]))
    guard !key.hasPrefix("split.") else {
      throw ValidationError("--override-kv: \(key) is set by the --split options.")
    }
    guard let value = ValueText.value(raw, as: type), value.number?.isFinite ?? true else {
      throw ValidationError("--override-kv: \(key): expected \(expected), found \"\(raw)\".")
    }
    return (key, value)
  }

  /// llama-quantize's types, and what their values are.
  private static let overrideTypes: [String: (ValueText.Wanted, String)] = [
    "int": (.integer, "a whole number"), "float": (.exact(.float32), "a finite number of 32 bits"),
    "bool": (.exact(.bool), "true or false"), "str": (.exact(.string), "text"),
  ]
}

/// Small text files that the user names.
enum TextFile {
  private static let largest = 1 << 24

  /// The whole text of a file, at most 16 MiB of UTF-8; without a byte order mark, unless it is to be
  /// taken to the byte.
  static func read(_ path: String, toTheByte: Bool = false) throws -> String {
    let kind = toTheByte ? "a value" : "a file of options"
    let bytes = try LocalFile.contents(of: path, limit: largest, kind: kind + " (16 MiB)")
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FileError.unsupported(file: path, what: "this is not UTF-8 text")
    }
    let byteOrderMark: Unicode.Scalar = "\u{FEFF}"
    guard !toTheByte, text.unicodeScalars.first == byteOrderMark else { return text }
    return String(text.unicodeScalars.dropFirst())
  }
}
