// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Allocation") struct AllocationTests {
  private static let types: [TensorType] = [.IQ1_S, .IQ2_S, .IQ3_S, .Q4_K, .Q6_K]

  /// Groups whose types harm the less the larger they are, and sometimes do not.
  private func groups(_ count: Int, seed: UInt64) -> [AllocationGroup] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      let weights = Int.random(in: 1...8, using: &random) * 256
      let scale = Double.random(in: 0.1...10, using: &random)
      let options = Self.types.map { type in
        let bits = type.layout?.bitsPerWeight ?? 0
        let noise = Double.random(in: 0.5...2, using: &random)
        return AllocationGroup.Option(
          type: type, bytes: Int(Double(weights) * bits / 8), damage: scale * noise / (bits * bits))
      }
      return AllocationGroup(units: [index], options: options, weights: weights)
    }
  }

  /// The least damage of all choices that fit.
  private func best(_ groups: ArraySlice<AllocationGroup>, _ bytes: Int) -> Double {
    guard let first = groups.first else { return 0 }
    return first.options.filter { $0.bytes <= bytes }
      .map { $0.damage + best(groups.dropFirst(), bytes - $0.bytes) }.min() ?? .infinity
  }

  @Test(arguments: 1...20)
  func `close to the best of all choices`(seed: UInt64) {
    let groups = groups(5, seed: seed)
    let least = groups.reduce(0) { $0 + ($1.hull.first?.bytes ?? 0) }
    for budget in [least, least * 5 / 4, least * 2, least * 3] {
      let found = Allocation(groups, bytes: budget)
      #expect(found.bytes <= budget)
      let optimum = best(groups[...], budget)
      // The hull leaves at most one step of one group unspent, and filling takes some of it back.
      let step = groups.map { ($0.hull.first?.damage ?? 0) }.max() ?? 0
      #expect(found.damage >= optimum - 1e-12 && found.damage <= optimum + step)
    }
  }

  @Test func `more bytes never harm`() {
    let groups = groups(40, seed: 3)
    var last = Double.infinity
    for budget in stride(from: 4_000, through: 60_000, by: 500) {
      let found = Allocation(groups, bytes: budget)
      #expect(found.damage <= last * 1.02)
      last = found.damage
    }
  }

  @Test func `hulls are convex`() {
    for group in groups(50, seed: 9) {
      let slopes = zip(group.hull, group.hull.dropFirst()).map { AllocationGroup.slope($0, $1) }
      #expect(slopes == slopes.sorted(by: >) && slopes.allSatisfy { $0 > 0 })
      #expect(group.hull.first?.bytes == group.options.map(\.bytes).min())
      #expect(group.hull.last?.damage == group.options.map(\.damage).min())
    }
  }

  @Test func `damage stays below its limit with few bytes`() {
    let groups = groups(30, seed: 5)
    let coarse = Allocation(groups, bytes: 0).damage
    for limit in [coarse / 2, coarse / 4, coarse / 8] {
      let found = Allocation(groups, damage: limit)
      let other = Allocation(groups, bytes: found.bytes)
      #expect(found.damage <= limit)
      #expect(other.damage >= limit * 0.8)
    }
  }

  @Test func `uniform takes the nearest larger type where one is missing`() {
    let group = AllocationGroup(
      units: [0],
      options: [
        .init(type: .Q4_0, bytes: 18, damage: 3), .init(type: .Q5_0, bytes: 22, damage: 2),
        .init(type: .Q8_0, bytes: 34, damage: 1),
      ], weights: 32)
    let found = [TensorType.Q4_0, .Q5_K, .Q6_K, .F16].map {
      Allocation([group], uniform: $0).choices[0].type
    }
    #expect(found == [.Q4_0, .Q5_0, .Q8_0, .Q8_0])
  }
}

@Suite("Plans") struct ModelPlannerTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  private func planner(
    _ layout: ExpertLayout, types: Set<TensorType>? = nil, minimums: [TypeRule] = []
  ) throws -> ModelPlanner {
    let source = try testing.open(model.file())
    let prior = try Sensitivity.prior(
      of: source, types: [.Q4_0, .Q5_0, .Q8_0], importance: nil)
    return try ModelPlanner(
      source, prior, AllocationRules(layout: layout, types: types, minimums: minimums),
      importance: nil, toolVersion: "test")
  }

  @Test(arguments: [ExpertLayout.merged, .perExpert], [24_000, 30_000, 45_000])
  func `what is written is what was planned`(layout: ExpertLayout, bytes: Int) async throws {
    let planner = try planner(layout)
    let least = try planner.plan(.divergence(1e9)).byteCount
    let plan = try planner.plan(.size(least + bytes))
    #expect(plan.byteCount <= least + bytes)
    let measurer = VariantMeasurer(
      planner.source, importance: nil, texts: [],
      options: EvaluationOptions(threads: 1, mode: .f32), scratch: "", toolVersion: "test")
    let path = testing.folder.path("out.gguf")
    #expect(try await measurer.write(plan.recipe, to: path).plan.plan.byteCount == plan.byteCount)
    let written = try GGUFFile.open(path)
    #expect(written.byteCount == plan.byteCount)
    for (unit, type) in zip(planner.sensitivity.units, plan.types) {
      guard let name = ExpertTensorName(unit.tensor), let expert = unit.expert,
        layout == .perExpert
      else {
        #expect(try written.tensor(unit.tensor).type == type)
        continue
      }
      #expect(try written.tensor(name.single(expert)).type == type)
    }
  }

  @Test func `the recipe reads as it is`() throws {
    for layout in [ExpertLayout.merged, .perExpert] {
      let plan = try planner(layout).plan(.bitsPerWeight(14))
      let again = try RecipeFile.recipe(plan.text, file: "again")
      #expect(again.text == plan.recipe.text && again.layout == layout)
      #expect(plan.text.hasPrefix("# \(layout.rawValue) plan of "))
    }
  }

  @Test func `types and least types are kept to`() throws {
    let rule = try TypeRule(option: "attn_v=Q8_0", file: "test")
    let expert = try TypeRule(option: "blk.*.experts[1].*=Q5_0", file: "test")
    let plan = try planner(.perExpert, types: [.Q4_0, .Q8_0], minimums: [rule, expert])
    let found = try plan.plan(.divergence(1e9))
    for (unit, type) in zip(plan.sensitivity.units, found.types) where !unit.tensor.contains("down")
    {
      #expect(type != .Q5_0)
      if unit.tensor.contains("attn_v") || unit.expert == 1 { #expect(type == .Q8_0) }
    }
  }

  @Test func `what cannot be met is said`() throws {
    let planner = try planner(.merged)
    #expect(throws: QuantError.self) { try planner.plan(.size(1000)) }
    let exact = try planner.plan(.divergence(0))
    #expect(exact.types.allSatisfy { $0 == .F32 })
  }
}
