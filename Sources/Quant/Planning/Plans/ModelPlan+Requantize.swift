// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
public import QuantModels

/// A plan to quantize a model by a recipe, with what the user should know before it runs.
public struct RequantizePlan: Sendable {
  /// The program that files are said to be written by, unless another is named.
  public static let toolName = "gguf-tool"

  /// What will be written.
  public private(set) var plan: ModelPlan
  /// The recipe it follows.
  public let recipe: Recipe
  /// Tensors whose new type works badly without an importance matrix, and that have none.
  public let tensorsLackingImportance: [String]
  /// Tensors quantized already, which would be quantized again without leave.
  public let requantizedTensors: [String]
  /// Types of the plan that this version cannot write.
  public let unwritableTypes: [TensorType]
  /// Tensors of the source whose bytes cannot be read as the plan needs them.
  public let unreadableTensors: [TensorDescription]
  /// Rules that matched no tensor that they could change: most likely a slip of the pen.
  public let unusedRules: [String]
  /// Tensors of types that are made for activations, which no program loads.
  public let activationTensors: [TensorDescription]
  /// Keys of lists, a value for each layer, that say what layers got by their number before some were left
  /// out; without the architecture's name.
  public let addedLayerLists: [String]
  /// Tensors whose experts were given different types, with the best of these for all.
  public let promotedTensors: [TensorDescription]
  /// Tensors that stay as they are: the importance matrix knows nothing of their layers, and their type
  /// would need one.
  public let leftTensors: [String]
  /// Whether some experts have a tensor each, which few programs load.
  public let writesSingleExperts: Bool
  /// How far the importance matrix covers the tensors to be encoded; `nil` without a matrix.
  public let coverage: ImportanceCoverage?
  /// What is said of the calibration that will choose its codes; `nil` without one.
  public let calibration: CalibrationOrigin?
  private let importance: ImportanceMatrix?
  private let output: OutputNaming

  /// Carries the plan out with the matrix, and under the names, that it was made with; a calibration is not
  /// carried out.
  ///
  /// After `narrow(toFile:)` make a `PlanExecutor` for the name of that file instead: this one would keep
  /// its journal under the name of the whole output.
  public var executor: PlanExecutor {
    PlanExecutor(plan: plan, importance: importance, output: output)
  }

  /// Plans a requantization.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - recipe: What is wanted.
  ///   - importance: The importance matrix, if there is one.
  ///   - calibration: The calibration that will choose codes, if there is one: then it takes the place of an
  ///     importance matrix where types need one, and a preset gives the token embedding bits of the output
  ///     matrix (`recipe` of the plan tells).
  ///   - output: The names of the output files.
  ///   - tool: The name of the program, written into the metadata.
  ///   - toolVersion: Its version, likewise.
  /// - Throws: `QuantError` if the metadata is not usable, a size cannot be counted, or rules for
  ///   experts do not fit the model or its layout.
  /// - Complexity: O(*n*) in tensors; no weights are read.
  public init(
    source: any ModelSource, recipe: Recipe, importance: ImportanceMatrix?,
    calibration: CalibrationOrigin? = nil, output: OutputNaming,
    tool: String = RequantizePlan.toolName, toolVersion: String
  ) throws(QuantError) {
    try OtherContent.check(source, allowing: [.adapter, .projector])
    try Self.check(recipe, calibration)
    var recipe = recipe
    let facts = try ModelFacts(source.metadata, path: source.path)
    let knowsInputs = importance != nil || calibration != nil
    let pruning = try LayerPruning(recipe.prunedLayers, of: source, facts)
    let kept = pruning.kept(source.tensors)
    let outlines = try recipe.layout.arranged(kept, expertCount: facts.expertCount)
    let places = TensorPlaces(ExpertMerging(kept, expertCount: 0).mergedDescriptions())
    var chooser = TypeChooser(
      recipe: recipe, facts: facts, places: places, hasImportance: knowsInputs)
    if calibration != nil {
      recipe = try recipe.favoringEmbedding(outlines, chooser)
      chooser = TypeChooser(
        recipe: recipe, facts: facts, places: places, hasImportance: knowsInputs)
    }
    let experts = ExpertPositions(outlines)
    for rule in recipe.rules { try experts.check(rule) }
    let usual = try outlines.map { outline throws(QuantError) in
      try chooser.choice(for: outline)
    }
    let unreached = UnreachedLayers(source, importance, recipe)
    let choices = zip(outlines, usual).map { unreached.choice($1, for: $0, chooser) }
    leftTensors = zip(outlines, zip(usual, choices)).filter { outline, types in
      recipe.missingType == nil && types.0.type != types.1.type
    }.map(\.0.name)
    let tensors = zip(outlines, choices).map { $0.tensor($1.type, fallbackFrom: $1.fallbackFrom) }
    let label = try Self.label(
      recipe, outlines, tensors,
      TypeChooser(
        recipe: recipe.presetAlone, facts: facts, places: places,
        hasImportance: knowsInputs))
    let metadata = RequantizeMetadata(
      recipe: recipe, importance: importance, calibration: calibration, pruning: pruning,
      label: label
    ).metadata(from: source.metadata, tool: "\(tool) \(toolVersion)")
    if !recipe.overrides.isEmpty || !recipe.prunedLayers.isEmpty {
      let planned = tensors.map { TensorInfo(planned: $0.description) }
      try ModelValidation.check(
        ModelHeader(path: output.path, metadata: metadata, tensors: planned), madeFrom: source,
        recipe.overrides.isEmpty ? .prunedLayers : .metadata)
    }
    plan = try ModelPlan(
      source: source, metadata: metadata, tensors: tensors, output: output, effort: recipe.effort)
    self.recipe = recipe
    self.importance = importance
    self.calibration = calibration
    self.output = output
    addedLayerLists = pruning.addedLists
    activationTensors = tensors.map(\.description).filter {
      FormatRegistry.activationTypes.contains($0.type)
    }
    promotedTensors = zip(tensors, choices).filter { $0.1.isPromoted }.map(\.0.description)
    writesSingleExperts = tensors.contains {
      ExpertTensorName($0.description.name)?.expert != nil
    }
    unusedRules = Self.unusedRules(recipe, outlines, chooser)
    let encoded = zip(outlines, tensors).filter { $0.1.action == .encode }
    requantizedTensors = encoded.filter { $0.0.sourceTypes.contains(where: \.isQuantized) }
      .map(\.0.name)
    unwritableTypes = Set(encoded.map(\.1.description.type))
      .filter { FormatRegistry.encoder(of: $0) == nil }.sorted { $0.rawValue < $1.rawValue }
    unreadableTensors = zip(outlines, tensors).filter { pair in
      // Copied bytes need no format, unless their order must change.
      (pair.1.action == .encode || source.byteOrder == .big)
        && pair.0.sourceTypes.contains { FormatRegistry.format(of: $0) == nil }
    }.map(\.0.description)
    coverage = try importance.map { matrix throws(QuantError) in
      let sources = Set(encoded.flatMap { $0.1.slices.map(\.tensor) }).sorted()
      return try ImportanceCoverage(
        matrix, sources.map { source.tensors[$0] }, of: source.tensors)
    }
    let known = Set(
      source.tensors.indices.filter {
        importance?.entry(forTensor: source.tensors[$0].name) != nil
      })
    tensorsLackingImportance = encoded.filter { pair in
      Self.needsImportance(pair.1.description, recipe.preset)
        && !(calibration != nil && Self.isCalibrated(pair.1.description.type))
        && !pair.1.slices.allSatisfy { known.contains($0.tensor) }
    }.map(\.1.description.name)
  }

  /// Refuses to leave out layers that the whole model runs with.
  private static func check(
    _ recipe: Recipe, _ calibration: CalibrationOrigin?
  ) throws(QuantError) {
    guard calibration != nil, !recipe.prunedLayers.isEmpty else { return }
    throw .setting(
      .prunedLayers,
      what: "a model is calibrated by the whole model beside it, which has other layers then: leave"
        + " layers out of a copy first (the preset COPY), and calibrate with that")
  }

  /// Whether calibration chooses the codes of a type.
  private static func isCalibrated(_ type: TensorType) -> Bool {
    FormatRegistry.format(of: type) is any FeedbackFormat.Type
  }

  /// What the file is said to be: what most of it is.
  private static func label(
    _ recipe: Recipe, _ outlines: [TensorOutline], _ tensors: [ModelPlan.Tensor],
    _ preset: TypeChooser
  ) throws(QuantError) -> FileType? {
    guard var label = recipe.preset.map(FileLabel.init) else { return nil }
    for (outline, tensor) in zip(outlines, tensors) {
      let usual =
        recipe.changesPreset ? try preset.choice(for: outline).type : tensor.description.type
      label.add(tensor, usual: usual)
    }
    return label.fileType
  }

  /// Rules with nothing to change; those of experts were held to the model before.
  private static func unusedRules(
    _ recipe: Recipe, _ outlines: [TensorOutline], _ chooser: TypeChooser
  ) -> [String] {
    let names = outlines.filter { !Untouchable.contains($0.description) }
      .map { ($0.name, ExpertTensorName($0.name)) }
    return recipe.rules.filter { rule in
      rule.experts == nil && !names.contains { chooser.finds(rule, $0.0, $0.1) }
    }.map(\.pattern)
  }

  /// Below three bits, quantizing without knowing what matters ruins a model. The embedding and the
  /// output are exempt, as matrices often lack them.
  static func needsImportance(_ tensor: TensorDescription, _ preset: FileType?) -> Bool {
    switch TensorRole(tensorName: tensor.name) {
    case .tokenEmbedding, .output: return false
    default: break
    }
    return NeedsImportance.types.contains(tensor.type)
      || (tensor.type == .Q2_K && preset == .Q2_K_S)
  }

  /// Leaves one file of the output to be written, by its number from 0; the others are for other
  /// machines.
  public mutating func narrow(toFile index: Int) { plan = plan.part(file: index) }

  /// Throws the first reason why the plan must not run: leave to requantize, matrix, a type, or a calibration
  /// of nothing.
  public func check() throws(QuantError) {
    try checkTensors()
    try checkCalibration()
  }

  /// Throws the first reason that lies with tensors: leave to requantize, matrix, or a type.
  package func checkTensors() throws(QuantError) {
    if let tensor = unreadableTensors.first {
      throw .unsupported(
        "tensor \"\(tensor.name)\" cannot be decoded: it has \(tensor.type.inWords)")
    }
    if let type = unwritableTypes.first {
      throw .unsupported(
        "type \(type) cannot be written yet, only read; types that can: "
          + FormatRegistry.encodableNames)
    }
    if !requantizedTensors.isEmpty, !recipe.allowsRequantizing {
      let tensors = Self.names(requantizedTensors, "is", "are")
      throw .setting(
        .requantizing,
        what: "\(tensors) already quantized: requantizing adds to the error;"
          + " start from F16 or BF16")
    }
    if !tensorsLackingImportance.isEmpty, !recipe.allowsMissingImportance {
      let tensors = Self.names(
        tensorsLackingImportance, "would get a type that needs", "would get types that need")
      throw .setting(.importance, what: "\(tensors) an importance matrix")
    }
    _ = try SlabTable(plan)
  }

  /// Throws `QuantError.setting` for a calibration that would choose no codes.
  public func checkCalibration() throws(QuantError) {
    let calibrated = plan.tensors.contains {
      $0.action == .encode && Self.isCalibrated($0.description.type)
    }
    guard calibration == nil || calibrated else {
      throw .setting(
        .calibration,
        what: "no tensor gets a type whose codes can be chosen: there is nothing to calibrate")
    }
  }

  /// The first of some tensors with how many others, and a verb that agrees.
  private static func names(_ tensors: [String], _ one: String, _ several: String) -> String {
    switch tensors.count {
    case 1: "tensor \"\(tensors[0])\" \(one)"
    case 2: "tensors \"\(tensors[0])\" and \"\(tensors[1])\" \(several)"
    default: "tensor \"\(tensors[0])\" and \(tensors.count - 1) others \(several)"
    }
  }
}
