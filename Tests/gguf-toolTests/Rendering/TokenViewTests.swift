// SPDX-License-Identifier: MIT
import Testing
import gguf_tool

@Suite("Tokens in colour")
struct TokenViewTests {
  @Test func `split characters appear once they are whole`() {
    let text = TokenView.coloured([[0x61], [0xC3], [0xA9], [0x0A], [0x62]])
    let plain = text.replacing(/\u{1B}\[[0-9;]*m/, with: "|")
    #expect(plain == "|a||é||\\n|\n|b|\n")
  }

  @Test func `bytes that are no text are shown as numbers`() {
    #expect(TokenView.printable([0xFF, 0x41]) == "\\xFFA")
    #expect(TokenView.coloured([]).isEmpty)
  }
}
