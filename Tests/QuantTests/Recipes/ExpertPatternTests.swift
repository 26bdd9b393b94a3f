// SPDX-License-Identifier: MIT
import Quant
import Testing

@Suite("Patterns of experts") struct ExpertPatternTests {
  @Test(arguments: [
    ("blk.*.experts[0,3-5].ffn_down", "blk.*.experts[0,3-5].ffn_down"),
    ("blk.0-3,7.experts[*].*", "blk.0-3,7.experts[*].*"),
    ("blk. 3 .experts[ 1, 2 - 4 ].ffn_gate_up", "blk.3.experts[1,2-4].ffn_gate_up"),
  ])
  func `a pattern is read and written alike`(_ text: String, _ written: String) throws {
    let pattern = try #require(ExpertPattern(text))
    #expect(pattern.description == written)
    #expect(ExpertPattern(written) == pattern)
  }

  @Test(arguments: [
    "blk.x.experts[0].ffn_up", "blk.*.experts[].ffn_up", "blk.*.experts[0,].ffn_up",
    "blk.*.experts[3-1].ffn_up", "blk.*.experts[0].attn_q", "blk.*.experts[0].ffn_up.weight",
    "blk.experts[0].ffn_up", "blk.*.experts[0]ffn_up", "blk.*.experts[99999].ffn_up",
    "blk.*.experts[-1].ffn_up", "blk..experts[0].ffn_up", "blk.*.experts[0", "blk.*.experts[+1].*",
  ])
  func `what has the form but cannot be read is an error`(_ text: String) {
    #expect(ExpertPattern(text) == nil)
    let error = #expect(throws: QuantError.self) {
      try TypeRule(option: "\(text)=Q6_K", file: "r.txt", line: 2)
    }
    #expect(
      error?.description.hasPrefix("r.txt: line 2: expected blk.LAYERS.experts[LIST]") == true)
  }

  @Test func `other patterns stay regular expressions`() throws {
    for text in ["blk\\.0\\.experts[0]", "ffn_(up|down)_exps", "experts[0-3]"] {
      #expect(try TypeRule(option: "\(text)=Q6_K", file: "").experts == nil)
    }
  }

  @Test func `a rule finds experts in either layout`() throws {
    let rule = try TypeRule(option: "blk.1-2.experts[0,3-5].ffn_down=Q6_K", file: "")
    #expect(rule.matches("blk.1.ffn_down.4.weight"))
    #expect(rule.matches("blk.2.ffn_down_exps.weight"))
    for name in [
      "blk.1.ffn_down.2.weight", "blk.3.ffn_down.4.weight", "blk.1.ffn_up.4.weight",
      "blk.1.ffn_down.4.bias", "blk.1.ffn_down.weight", "blk.1.ffn_down_shexp.weight",
    ] {
      #expect(!rule.matches(name), "\(name)")
    }
  }
}
