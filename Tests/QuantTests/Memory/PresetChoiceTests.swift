// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

@Suite struct PresetChoiceTests {
  private static let options = ContextOptions(context: 8192)

  private static func sizes(
    _ name: String, _ gpus: [Int], host: Int? = nil, machine: String? = nil
  ) throws -> PresetSizes {
    try PresetSizes(
      usual: MemoryFixtures.model(name), budget: MemoryBudget(gpus: gpus, host: host),
      machine: machine.map { try Machine(names: $0, option: "--machine") }, options: options,
      hasImportance: false)
  }

  @Test(arguments: [
    ("qwen3-30b-a3b-f16", 16, "Q3_K_M", PresetSizes.Place.whole),
    ("qwen3-30b-a3b-f16", 24, "Q5_K_M", .whole), ("qwen3-30b-a3b-f16", 80, "Q8_0", .whole),
    ("qwen3-30b-a3b-f16", 8, "Q4_K_M", .expertsOutside),
    ("llama33-70b-f16", 48, "Q4_K_M", .whole), ("llama33-70b-f16", 24, "IQ2_XXS", .whole),
    ("llama33-70b-f16", 12, "Q4_K_M", .layersOutside),
  ])
  func `the one to take`(
    model: String, gib: Int, preset: String, place: PresetSizes.Place
  ) throws {
    let choice = PresetChoice(try Self.sizes(model, [gib << 30]))
    #expect(choice.row?.preset.name == preset)
    #expect(choice.row?.place == place)
  }

  @Test func `nothing is taken where nothing fits`() throws {
    let sizes = try Self.sizes("llama33-70b-f16", [4 << 30], host: 4 << 30)
    guard case .nothing = PresetChoice(sizes) else {
      Issue.record("something fits")
      return
    }
    #expect(sizes.rows.isEmpty)
  }

  @Test func `presets around the largest that fits whole have their places and speeds`() throws {
    let sizes = try Self.sizes(
      "qwen3-30b-a3b-f16", [24 << 30], machine: "rtx4090+ryzen-ddr5")
    let names = ["IQ3_XXS", "Q3_K_M", "IQ4_XS", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0"]
    #expect(sizes.rows.map(\.preset.name) == names)
    #expect(sizes.rows.map(\.bytes) == sizes.rows.map(\.bytes).sorted())
    let whole = sizes.rows.filter { $0.place == .whole }
    let outside = sizes.rows.filter { $0.place == .expertsOutside }
    #expect((1...5).contains(whole.count) && (1...3).contains(outside.count))
    let speeds = sizes.rows.compactMap { $0.speed?.rate?.tokensPerSecond }
    #expect(speeds.count == sizes.rows.count)
    #expect(try #require(speeds.first) > 2 * #require(speeds.last))
    #expect(sizes.rows.allSatisfy { !$0.isWholeFile })
  }

  @Test(arguments: ["qwen3-30b-a3b-f16", "llama33-70b-f16", "gemma2-9b-f16"])
  func `every preset fits where it fits when tried alone`(name: String) throws {
    let model = try MemoryFixtures.model(name)
    let budget = MemoryBudget(gpus: [12 << 30], host: 64 << 30)
    let rows = try Self.sizes(name, budget.gpus, host: budget.host).rows
    #expect(!rows.isEmpty)
    for row in rows {
      let alone = try model.retyped(Recipe(preset: row.preset), hasImportance: false)
      let fit = MemoryFit(alone, options: Self.options, budget: budget)
      #expect(row.place == PresetSizes.Place(fit))
    }
  }

  /// A mixture whose experts are MXFP4 at the source.
  @Test(arguments: [(16, nil), (8, 64), (80, nil)] as [(Int, Int?)])
  func `weights of four bits are kept where they fit`(gib: Int, host: Int?) throws {
    let model = try MemoryFixtures.model("gpt-oss-20b")
    let fit = MemoryFit(
      model, options: Self.options,
      budget: MemoryBudget(gpus: [gib << 30], host: host.map { $0 << 30 }))
    guard case .keep = PresetChoice(quantized: fit, nil) else {
      Issue.record("not kept")
      return
    }
  }

  @Test func `a dense model that spills is smaller when made anew`() throws {
    let model = try MemoryFixtures.model("llama33-70b-Q4_K_M")
    let budget = MemoryBudget(gpus: [32 << 30])
    let fit = MemoryFit(model, options: Self.options, budget: budget)
    let sizes = try PresetSizes(
      usual: model, budget: budget, machine: nil, options: Self.options, hasImportance: false,
      below: 4.3)
    let row = PresetChoice(quantized: fit, sizes).row
    #expect(row?.place == .whole)
    #expect(try #require(row?.bitsPerWeight) < 4.3)
  }

  @Test func `what else takes memory leaves less for the model`() throws {
    let model = try MemoryFixtures.model("tanuki-8b-Q6_K")
    var budget = MemoryBudget(gpus: [8 << 30], host: 32 << 30)
    #expect(MemoryFit(model, options: Self.options, budget: budget).verdict == .fits)
    budget.reserved = [.gpu(0): 2 << 30, .host: 31 << 30]
    let fit = MemoryFit(model, options: Self.options, budget: budget)
    #expect(fit.verdict == .doesNotFit && fit.shortage?.device == .host)
    #expect(budget.target(.gpu(0)) == 5 << 30)
  }
}
