// SPDX-License-Identifier: MIT
import Testing
import gguf_tool

@Suite("Table and Report")
struct TableTests {
  private var table: Table {
    var table = Table([.flexible("tensor"), .number("count"), .text("type")])
    table.add("token_embd.weight", "1", "Q4_K")
    table.beginGroup("blk.0")
    table.add("blk.0.attn_output.weight", "12", "F16")
    return table
  }

  @Test func `columns are aligned and lines end without spaces`() {
    #expect(
      table.lines(width: 80) == [
        "tensor                    count  type",
        "token_embd.weight             1  Q4_K",
        "blk.0",
        "blk.0.attn_output.weight     12  F16",
      ])
  }

  @Test func `a table too wide is cut in its flexible columns`() {
    let lines = table.lines(width: 30)
    #expect(lines.allSatisfy { Text.width($0) <= 30 })
    #expect(lines[3] == "blk.0.at…t.weight     12  F16")
  }

  @Test func `a table is as wide as it needs to be where no width is set`() {
    var table = table
    let name = String(repeating: "long.", count: 100)
    table.add(name, "3", "F32")
    #expect(table.width == 500 + 2 + 5 + 2 + 4)
    #expect(table.lines(width: .max).last == "\(name)      3  F32")
    var report = Report(width: 40, tableWidth: .max, style: .plain)
    report.table(table)
    report.entries([("key", "words that go on for more than a line"), ("a\u{1B}b", "c")])
    #expect(report.text.contains(name))
    #expect(
      report.text.hasSuffix(
        "  key       words that go on for more than a line\n  a\\u{1B}b  c\n"))
  }

  @Test func `escape codes only where they are wanted`() {
    #expect(table.lines(width: 80, style: .plain).allSatisfy { !$0.contains("\u{1B}") })
    #expect(table.lines(width: 80, style: .terminal)[0].hasPrefix("\u{1B}[2m"))
  }

  @Test func `cells cannot steer the terminal`() {
    var table = Table([.text("name")])
    table.add("a\u{1B}[31m\nb\u{202E}c\u{9B}")
    #expect(table.lines(width: 80)[1] == "a\\u{1B}[31m\\nb\\u{202E}c\\u{9B}")
  }

  @Test func `facts stand below each other and long ones are broken`() {
    var report = Report(width: 40, style: .plain)
    report.section("model.gguf")
    report.facts([
      ("name", "Tiny"), ("absent", nil),
      ("description", "words that go on for more than a line"),
    ])
    report.section("Next")
    #expect(
      report.text == """
        model.gguf
          name         Tiny
          description  words that go on for more
                       than a line

        Next

        """)
  }
}

@Suite("Text")
struct TextTests {
  @Test func `wide characters take two cells`() {
    #expect(Text.width("abc") == 3)
    #expect(Text.width("タヌキ") == 6)
    #expect(Text.width("né") == 2)
    #expect(Text.padded("タ", to: 4) == "タ  ")
    #expect(Text.padded("タ", to: 4, rightAligned: true) == "  タ")
  }

  @Test func `the middle is left out of what is too long`() {
    #expect(Text.shortened("abcdefgh", to: 8) == "abcdefgh")
    #expect(Text.shortened("abcdefgh", to: 5) == "ab…gh")
    #expect(Text.shortened("abcdefgh", to: 1) == "…")
    #expect(Text.shortened("abcdefgh", to: 0) == "")
    #expect(Text.width(Text.shortened("タヌキタヌキ", to: 7)) <= 7)
  }

  @Test func `nouns follow their count`() {
    #expect(Text.plural(1, "tensor") == "1 tensor")
    #expect(Text.plural(1234, "tensor") == "1,234 tensors")
  }
}

@Suite("JSONOutput")
struct OutputTests {
  private struct Sample: Encodable {
    let fileBytes = 7
    let part = Double.nan
    let most = Float.infinity
    let names = ["general.name": 1, "Q4_K": 2]
  }

  @Test func `keys are in snake case and sorted, and no number traps`() throws {
    #expect(
      try JSONOutput.text(of: Sample()) == """
        {
          "file_bytes" : 7,
          "most" : "Infinity",
          "names" : {
            "Q4_K" : 2,
            "general.name" : 1
          },
          "part" : "NaN"
        }
        """)
  }
}
