import GGUF
import Quant
import QuantModels
import Testing

/// Differences between keys, lists and texts.
@Suite("Differences of metadata") struct MetadataDifferenceTests {
  @Test(arguments: [
    ("a\nb\nc", "a\nx\nc", ["@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"]),
    ("", "a", ["@@ -0,0 +1,1 @@", "+a"]),
    ("a\nb", "", ["@@ -1,2 +0,0 @@", "-a", "-b"]),
    ("same\ntext", "same\ntext", []),
    ("a\r\nb\r\n", "a\r\nc\r\n", ["@@ -1,3 +1,3 @@", " a\r", "-b\r", "+c\r", " "]),
    ("\u{E9}", "e\u{301}", ["@@ -1,1 +1,1 @@", "-\u{E9}", "+e\u{301}"]),
    (
      "1\n2\n3\n4\n5\n6\n7\n8\n9\n10", "1\n2\n3\n4\n5\n6\n7\n8\n9\nten",
      ["@@ -7,4 +7,4 @@", " 7", " 8", " 9", "-10", "+ten"]
    ),
  ])
  func `texts line by line, as diff -u has them`(_ old: String, _ new: String, _ lines: [String]) {
    let found = UnifiedDiff.lines(from: old, to: new)
    #expect(found?.map { Array($0.utf8) } == lines.map { Array($0.utf8) })
  }

  @Test func `changes far apart are in hunks of their own`() throws {
    let old = (1...40).map(String.init).joined(separator: "\n")
    let new = old.replacing("\n5\n", with: "\nfive\n").replacing("\n30\n", with: "\n")
    let lines = try #require(UnifiedDiff.lines(from: old, to: new))
    #expect(lines.filter { $0.hasPrefix("@@") } == ["@@ -2,7 +2,7 @@", "@@ -27,7 +27,6 @@"])
  }

  @Test func `keys added, removed and changed, in any order`() {
    var (old, new) = (Metadata(), Metadata())
    old["a"] = .uint32(1)
    old["b"] = .string("x")
    old["list"] = .array(MetadataArray(strings: ["a", "b", "c"]))
    old["gone"] = .bool(true)
    new["list"] = .array(MetadataArray(strings: ["a", "x"]))
    new["b"] = .string("x")
    new["a"] = .uint64(1)
    new["new"] = .float32(.nan)
    new = new.withHeaderRoom(100)
    let difference = MetadataDifference(from: old, to: new)
    #expect(difference.added.map(\.key) == ["new"])
    #expect(difference.removed.map(\.key) == ["gone"])
    #expect(difference.changed.map(\.key) == ["a", "list"])
    let elements = difference.changed[1].elements
    #expect(elements?.oldCount == 3 && elements?.newCount == 2 && elements?.changedCount == 1)
    #expect(elements?.first.first?.index == 1)
    #expect(difference.count == 4 && !difference.isEmpty)
    #expect(MetadataDifference(from: new, to: new).isEmpty)
  }
}
