// SPDX-License-Identifier: MIT
import GGUF
import Quant

extension Target {
  /// Recipes and lists of tensors' types, and what their patterns find in names of tensors.
  static let recipe = Target(name: "recipe") { bytes in
    let text = String(decoding: bytes, as: UTF8.self)
    _ = try? RecipeFile.settings(text, file: "recipe")
    let recipe = try? RecipeFile.recipe(text, file: "recipe")
    let rules = (try? RecipeFile.rules(text, file: "recipe")) ?? []
    let listed = (try? RecipeFile.tensorTypeFile(text, file: "types")) ?? []
    for rule in rules + listed { for name in names { _ = rule.matches(name) } }
    _ = recipe?.text
    _ = NumberList(text)?.numbers
  }
}

private let names = [
  "token_embd.weight", "blk.0.attn_q.weight", "blk.11.ffn_down_exps.weight",
  "blk.3.ffn_gate.7.weight", "output.weight",
]
