// SPDX-License-Identifier: MIT
import Quant
import Testing

@Suite("EvaluationWindows") struct EvaluationWindowsTests {
  private let tokens = (0..<2100).map { Int32($0 + 10) }

  @Test func `llama counts the second half, and BOS begins each window`() throws {
    let windows = try EvaluationWindows(tokens: tokens, rules: .llama, bos: 1)
    #expect(windows.length == 512 && windows.count == 4)
    #expect(windows.counted == 256..<511 && windows.countedTokens == 4 * 255)
    for window in 0..<4 {
      let own = Array(windows.tokens[(window * 512)..<(window * 512 + 512)])
      #expect(own == [1] + tokens[(window * 512 + 1)..<(window * 512 + 512)])
      #expect(windows.target(window: window, position: 256) == tokens[window * 512 + 257])
      #expect(windows.target(window: window, position: 510) == tokens[window * 512 + 511])
    }
  }

  @Test func `without BOS, and by the papers' protocol, tokens stay`() throws {
    let plain = try EvaluationWindows(tokens: tokens, rules: .llama)
    #expect(plain.tokens == Array(tokens[..<2048]))
    let full = try EvaluationWindows(tokens: tokens, rules: .full, length: 1000, bos: 1)
    #expect(full.tokens == Array(tokens[..<2000]) && full.counted == 0..<999)
    #expect(EvaluationProtocol.full.defaultWindow == 2048)
  }

  @Test func `odd lengths round as integers do`() throws {
    let windows = try EvaluationWindows(tokens: tokens, rules: .llama, length: 7)
    #expect(windows.counted == 3..<6 && windows.count == 300)
  }

  @Test func `a limit takes the first windows`() throws {
    let windows = try EvaluationWindows(tokens: tokens, rules: .llama, length: 100, limit: 3)
    #expect(windows.count == 3 && windows.tokens == Array(tokens[..<300]))
    #expect(
      try EvaluationWindows(tokens: tokens, rules: .llama, length: 100, limit: 99).count == 21)
    #expect(throws: QuantError.setting(.windowCount, what: "0 windows: expected at least 1")) {
      try EvaluationWindows(tokens: tokens, rules: .llama, limit: 0)
    }
  }

  @Test func `two windows are the least, whatever the limit`() throws {
    #expect(try EvaluationWindows(tokens: tokens, rules: .full, length: 1050).count == 2)
    for limit in [nil, 1] {
      let error = #expect(throws: QuantError.self) {
        try EvaluationWindows(tokens: tokens, rules: .full, limit: limit)
      }
      #expect(
        error?.description.contains("the text has 2100 tokens: too few for two windows of 2048")
          == true)
    }
    let tooShort = "windows of 3 tokens: expected at least 4"
    #expect(throws: QuantError.setting(.windowLength, what: tooShort)) {
      try EvaluationWindows(tokens: tokens, rules: .llama, length: 3)
    }
  }
}
