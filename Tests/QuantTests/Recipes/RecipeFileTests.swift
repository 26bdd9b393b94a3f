// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

@Suite("Recipe files") struct RecipeFileTests {
  @Test func `a line is a pattern, a type and a reason`() throws {
    let rules = try RecipeFile.rules(
      """
      # experts first
      blk\\.[0-3]\\.ffn_.*_exps = Q6_K  # early layers

      token_embd=keep
      """, file: "r.txt")
    #expect(rules.map(\.pattern) == ["blk\\.[0-3]\\.ffn_.*_exps", "token_embd"])
    #expect(rules.map(\.choice) == [.type(.Q6_K), .keep])
    #expect(rules.map(\.reason) == ["early layers", ""])
    #expect(rules[0].matches("blk.2.ffn_up_exps.weight"))
    #expect(!rules[0].matches("blk.4.ffn_up_exps.weight"))
  }

  @Test func `a line may say how long encoders search`() throws {
    let text = "# slow\nffn = Q4_K\n effort = best  # overnight\neffort=fast\n"
    #expect(try RecipeFile.settings(text, file: "r.txt").effort == .best)
    #expect(try RecipeFile.rules(text, file: "r.txt").map(\.pattern) == ["ffn"])
    let other = "# effort = best\neffort_x = Q8_0\nffn = Q4_K"
    #expect(try RecipeFile.settings(other, file: "r.txt").effort == nil)
    let error = #expect(throws: QuantError.self) {
      try RecipeFile.rules("effort = most", file: "r.txt")
    }
    #expect(error?.description.hasPrefix("r.txt: line 1: there is no type") == true)
  }

  @Test func `a recipe may name its preset and layout`() throws {
    let text = "preset = q4_k_m # base\nlayout = per-expert\nblk.*.experts[0].ffn_up = Q6_K\n"
    let settings = try RecipeFile.settings(text, file: "r.txt")
    #expect(settings.preset == "q4_k_m" && settings.layout == .perExpert)
    let recipe = try RecipeFile.recipe(text, file: "r.txt")
    #expect(recipe.preset?.name == "Q4_K_M" && recipe.layout == .perExpert)
    #expect(recipe.rules.map(\.pattern) == ["blk.*.experts[0].ffn_up"])
    let error = #expect(throws: QuantError.self) {
      try RecipeFile.recipe("layout = merged", file: "r.txt")
    }
    #expect(error?.description == "r.txt: expected a line \"preset = NAME\", found none")
  }

  @Test(arguments: [
    ("a = Q4_K\npreset = Q9", "r.txt: line 2: there is no preset \"Q9\"; presets are"),
    ("layout = mixed", "r.txt: line 1: there is no layout \"mixed\"; layouts are keep, merged,"),
    ("blk.*.experts[a].ffn_up = Q4_K", "r.txt: line 1: expected blk.LAYERS.experts[LIST]"),
    ("a = Q4_K\nnonsense", "r.txt: line 2: expected PATTERN = TYPE, found \"nonsense\""),
    ("= Q4_K", "r.txt: line 1: there is no pattern before the \"=\""),
    ("\n\nx = Q9_Z", "r.txt: line 3: there is no type \"Q9_Z\""),
    ("x = IQ4_KS", "r.txt: line 1: there is no type \"IQ4_KS\""),
    ("( = Q4_K", "r.txt: line 1: \"(\" is not a regular expression"),
  ])
  func `a line that cannot be understood is named by number`(_ text: String, _ message: String) {
    let error = #expect(throws: QuantError.self) { try RecipeFile.rules(text, file: "r.txt") }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test func `pairs of a tensor type file are set apart by white space`() throws {
    let rules = try RecipeFile.tensorTypeFile("a=q4_k b=Q8_0\n\tc.*=bf16\n", file: "t.txt")
    #expect(rules.map(\.pattern) == ["a", "b", "c.*"])
    #expect(rules.map(\.choice) == [.type(.Q4_K), .type(.Q8_0), .type(.BF16)])
    let error = #expect(throws: QuantError.self) {
      try RecipeFile.tensorTypeFile("a=Q8_0\nb", file: "t.txt")
    }
    #expect(error?.description == "t.txt: line 2: expected REGEX=TYPE, found \"b\"")
  }

  @Test func `presets have names, aliases and numbers`() throws {
    #expect(FileType(name: "q4_k_m")?.rawValue == 15)
    #expect(FileType(name: "Q4_K") == FileType(rawValue: 15))
    #expect(FileType(name: "15")?.name == "Q4_K_M")
    #expect(FileType(name: "4") == nil)
    #expect(FileType(name: "Q4_KM") == nil)
  }
}
