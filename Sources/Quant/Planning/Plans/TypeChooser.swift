// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
internal import QuantModels

/// The type a recipe gives a tensor, and how it came to it.
public struct TypeChoice: Sendable, Hashable {
  /// The type to be stored.
  public let type: TensorType
  /// The type that was wanted, where rows are not whole blocks of it.
  public let fallbackFrom: TensorType?
  /// Whether experts of the tensor were given different types, and this is the best of them.
  public internal(set) var isPromoted = false
}

/// Gives every tensor of a model its type by a recipe.
///
/// Order of decision: what is never quantized, switches for single tensors, rules, the preset's mix;
/// then types whose blocks do not divide the rows give way to others. Tensors of single experts are
/// taken for parts of the merged one, so that a recipe means the same in every layout.
struct TypeChooser {
  private let recipe: Recipe
  private let places: TensorPlaces
  private let presetRules: PresetRules?
  /// What may speak of a tensor of experts, by the merged name: looked up once for all of its experts.
  private let candidates: [String: [Candidate]]

  private struct Candidate {
    let rule: TypeRule
    /// Whether a regular expression was found in the merged name.
    let findsMerged: Bool
  }

  /// Prepares the choice for all tensors of a model.
  ///
  /// - Parameters:
  ///   - recipe: What is wanted.
  ///   - facts: The model's numbers.
  ///   - places: Where its tensors stand.
  ///   - hasImportance: Whether there is an importance matrix.
  init(recipe: Recipe, facts: ModelFacts, places: TensorPlaces, hasImportance: Bool) {
    self.recipe = recipe
    self.places = places
    presetRules = recipe.preset.map {
      PresetRules(
        preset: $0, facts: facts, hasImportance: hasImportance,
        hasTiedEmbeddings: places.hasTiedEmbeddings, valueTensorCount: places.valueTensorCount)
    }
    let ruled = recipe.rules.isEmpty ? [] : places.tensors
    candidates = Dictionary(
      ruled.compactMap { tensor in
        ExpertTensorName(tensor.name).map { (tensor.name, Self.candidates(recipe.rules, $0)) }
      }, uniquingKeysWith: { first, _ in first })
  }

  private static func candidates(
    _ rules: [TypeRule], _ merged: ExpertTensorName
  ) -> [Candidate] {
    rules.compactMap { rule in
      guard let experts = rule.experts else {
        return Candidate(rule: rule, findsMerged: rule.matches(merged.merged))
      }
      return experts.covers(merged) ? Candidate(rule: rule, findsMerged: false) : nil
    }
  }

  /// The type of one tensor.
  ///
  /// - Parameter tensor: A tensor of the output.
  /// - Returns: Its type, common to all its experts.
  /// - Throws: `QuantError` if its experts should have different types, unless the recipe
  ///   promotes them.
  func choice(for tensor: TensorOutline) throws(QuantError) -> TypeChoice {
    try choice(for: tensor, ExpertTensorName(tensor.name))
  }

  /// The same for a tensor whose name was taken apart before.
  func choice(
    for tensor: TensorOutline, _ name: ExpertTensorName?
  ) throws(QuantError) -> TypeChoice {
    let rules = rules(for: tensor.name, name)
    // Made once: hundreds of experts ask for it.
    let merged = name?.merged ?? tensor.name
    guard let name, name.expert == nil else {
      return choice(tensor, wantedType(merged, rules.first), expert: 0)
    }
    // Without a rule that tells experts apart, all of one source type are alike.
    let isUniform = tensor.sourceTypes.count < 2 && rules.allSatisfy { $0.experts == nil }
    let choices = (0..<(isUniform ? 1 : Self.expertCount(tensor, name))).map { expert in
      let rule = rules.first { $0.experts?.experts.contains(expert) ?? true }
      return choice(tensor, wantedType(merged, rule), expert: expert)
    }
    return try ExpertAgreement(tensor.name, choices).choice(promoting: recipe.promotesExperts)
  }

  /// What a tensor's type is once rows are held to blocks; one that nothing was said of stays.
  private func choice(
    _ tensor: TensorOutline, _ wanted: TensorType?, expert: Int
  ) -> TypeChoice {
    let source = tensor.sourceType(ofExpert: expert)
    guard let wanted, wanted != source else { return TypeChoice(type: source, fallbackFrom: nil) }
    let fitting = Fallback.type(for: wanted, rowWeights: tensor.description.rowWeights)
    return TypeChoice(type: fitting, fallbackFrom: fitting == wanted ? nil : wanted)
  }

  /// The experts of a merged tensor; experts beyond those that a model may have are not told apart.
  private static func expertCount(_ tensor: TensorOutline, _ name: ExpertTensorName) -> Int {
    guard let rank = name.mergedRank, tensor.description.dimensions.count >= rank else { return 1 }
    return min(max(1, tensor.description.dimensions[rank - 1]), ExpertLayout.mostExperts)
  }

  /// The rules that speak of a tensor or, if it is merged, of some of its experts, up to the first
  /// that decides for all of it. A tensor of one expert is found under the merged name, too.
  private func rules(for tensor: String, _ name: ExpertTensorName?) -> [TypeRule] {
    guard !recipe.rules.isEmpty else { return [] }
    guard let name, let candidates = candidates[name.merged] else {
      return recipe.rules.first { $0.matches(tensor) }.map { [$0] } ?? []
    }
    var found: [TypeRule] = []
    for candidate in candidates where Self.speaks(candidate, of: tensor, name) {
      found.append(candidate.rule)
      if candidate.rule.experts?.experts.isAll ?? true { break }
    }
    return found
  }

  private static func speaks(
    _ candidate: Candidate, of tensor: String, _ name: ExpertTensorName
  ) -> Bool {
    if let experts = candidate.rule.experts { return experts.covers(name) }
    return candidate.findsMerged || (name.expert != nil && candidate.rule.matches(tensor))
  }

  /// Whether a regular expression is found in a tensor's name or in that of the merged one.
  func finds(_ rule: TypeRule, _ tensor: String, _ name: ExpertTensorName?) -> Bool {
    if let name, name.expert != nil, rule.matches(name.merged) { return true }
    return rule.matches(tensor)
  }

  /// The type of a tensor by its merged name; `nil` for tensors that stay as they are.
  private func wantedType(_ merged: String, _ rule: TypeRule?) -> TensorType? {
    guard let presetRules, let place = places[merged] else { return nil }
    if place.role == .output && recipe.leavesOutputTensor { return nil }
    if place.role == .tokenEmbedding, let type = recipe.tokenEmbeddingType { return type }
    if place.role == .output, let type = recipe.outputTensorType { return type }
    if let rule {
      guard case .type(let type) = rule.choice else { return nil }
      return type
    }
    let base = presetRules.preset.defaultType
    // The embedding of a model without an output tensor does the output's work.
    if presetRules.hasTiedEmbeddings, place.role == .tokenEmbedding, !recipe.isPure,
      base.isQuantized, let type = recipe.outputTensorType
    {
      return type
    }
    return recipe.isPure || !base.isQuantized ? base : presetRules.type(for: place)
  }
}

/// What stands in for a type whose blocks do not divide a tensor's rows.
package enum Fallback {
  /// The type itself where its blocks divide the row, else its fallback, else F16.
  package static func type(for wanted: TensorType, rowWeights: Int) -> TensorType {
    func fits(_ type: TensorType) -> Bool {
      type.layout.map { rowWeights % $0.weightsPerBlock == 0 } ?? false
    }
    if fits(wanted) { return wanted }
    if let other = FormatRegistry.format(of: wanted)?.facts.fallback, fits(other) { return other }
    return .F16
  }
}
