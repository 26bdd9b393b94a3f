// SPDX-License-Identifier: MIT
import Quant
import TestSupport
import Testing
import _StringProcessing

/// Regular expressions of recipes, which come from strangers as models do.
@Suite("Patterns of names") struct NamePatternTests {
  private static let names = [
    "token_embd.weight", "blk.0.attn_q.weight", "blk.11.ffn_down_exps.weight", "output.weight",
    "blk.3.ffn_gate.7.weight", "blk.21.ssm_a", "", "é", "größe.weight",
  ]

  @Test(arguments: [
    "attn_q", "^blk", "weight$", "^$", "blk\\.(1[0-9]|2[0-4])\\.", "ffn_(down|up)_exps",
    "ffn_.*\\.weight",
    "blk\\.\\d+\\.", "[a-c]{2,}", "\\w+\\.\\d", "x|", "(?:a|o)ut?", "b.k.??0", "[^\\w.]", "gr.{2}e",
    "\\S+",
    "(blk\\.)?(\\d{1,2})", "^(token|output)[._].*$", "[-x]", "()",
  ])
  func `find what the library finds`(_ pattern: String) throws {
    let mine = try #require(NamePattern(pattern))
    let library = try Regex(pattern)
    for name in Self.names {
      #expect(mine.isFound(in: name) == (try library.firstMatch(in: name) != nil), "\(name)")
    }
  }

  @Test func `made at random, find what the library finds`() throws {
    var random = SeededGenerator(seed: 5)
    var found = 0
    for _ in 0..<2000 {
      let pattern = Self.pattern(depth: 2, &random)
      let mine = try #require(NamePattern(pattern), "\(pattern)")
      let library = try Regex(pattern)
      let letters = (0..<6).map { _ in Array("abc_01. ").randomElement(using: &random) ?? "a" }
      let name = String(letters.prefix(Int.random(in: 0...6, using: &random)))
      let expected = try library.firstMatch(in: name) != nil
      #expect(mine.isFound(in: name) == expected, "\(pattern) in \"\(name)\"")
      found += expected ? 1 : 0
    }
    #expect(found > 400 && found < 1600)
  }

  /// A pattern of literals, sets, groups, choices and repetitions.
  private static func pattern(depth: Int, _ random: inout SeededGenerator) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      let inner = depth > 0 ? pattern(depth: depth - 1, &random) : "b"
      let items = [
        "a", "b", "0", ".", "\\.", "\\d", "\\W", "[ab]", "[^a]", "[a-c0]", "[\\d.]", "(\(inner))",
        "(?:\(inner)|c)",
      ]
      let repetitions = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"]
      text += items.randomElement(using: &random) ?? ""
      text += repetitions.randomElement(using: &random) ?? ""
    }
    return text
  }

  /// The library's search takes years for the first three.
  @Test(
    .timeLimit(.minutes(1)), arguments: ["(a+)+b", "((\\w|\\.)+)+!", "(a|a)*b", ".*.*.*.*.*.*.*x"])
  func `take no longer for patterns made to take long`(_ pattern: String) throws {
    let rule = try TypeRule(pattern: pattern, type: "Q4_0", file: "recipe", line: 1)
    #expect(!rule.matches(String(repeating: "a", count: 63)))
    #expect(rule.matches(String(repeating: "a", count: 60) + "b!x"))
  }

  @Test(arguments: ["(?=a)(a+)+b", "(a|b)*\\1", "(?i)(x*)*y", "\\p{L}*a*b*c*d*e", "(?>a|b){9}"])
  func `that only the library knows are refused where it may not come to an end`(
    _ pattern: String
  ) throws {
    #expect(NamePattern(pattern) == nil)
    let error = #expect(throws: QuantError.self) {
      try TypeRule(pattern: pattern, type: "Q4_0", file: "recipe", line: 7)
    }
    #expect(error?.description.hasPrefix("recipe: line 7: \"\(pattern)\" may take") == true)
  }

  @Test(arguments: ["(?i)ATTN_Q", "^(?!.*ffn).*weight", "\\p{L}+_q", "[[:alpha:]]_q"])
  func `that only the library knows work as before`(_ pattern: String) throws {
    let rule = try TypeRule(pattern: pattern, type: "Q4_0", file: "recipe", line: 1)
    #expect(rule.matches("blk.0.attn_q.weight"))
    #expect(!rule.matches("blk.0.ffn_down"))
  }

  @Test(arguments: ["a{100000}", "(((a{200}){200}){200}){200}", "(((){200}){200}){200}"])
  func `far too large are left to the library`(_ pattern: String) {
    #expect(NamePattern(pattern) == nil)
  }

  @Test func `a thousand groups in each other`() {
    let pattern = String(repeating: "(", count: 1000) + "a" + String(repeating: ")", count: 1000)
    #expect(NamePattern(pattern) == nil)
  }
}
