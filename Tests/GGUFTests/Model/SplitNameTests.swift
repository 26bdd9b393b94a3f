// SPDX-License-Identifier: MIT
import GGUF
import Testing

@Suite("SplitName") struct SplitNameTests {
  @Test func `a shard's path is taken apart and put together`() throws {
    let path = "/models/Big-00003-of-00012.gguf"
    let name = try #require(SplitName(path: path))
    #expect(name == SplitName(prefix: "/models/Big", index: 2, count: 12))
    #expect(name.path == path)
    #expect(name.allPaths.count == 12)
    #expect(name.allPaths.last == "/models/Big-00012-of-00012.gguf")
  }

  @Test func `the last numbers count`() throws {
    let name = try #require(SplitName(path: "a-00001-of-00002-00002-of-00003.gguf"))
    #expect(name.prefix == "a-00001-of-00002" && name.index == 1 && name.count == 3)
  }

  @Test(arguments: [
    "model.gguf", "a-00000-of-00002.gguf", "a-00003-of-00002.gguf", "a-1-of-2.gguf",
    "a-00001-of-00002.ggml", "-00001-of-00002.gguf", "a-00001-of-00002.gguf.partial",
    "a-+0001-of-00002.gguf", "a-00001-of-00000.gguf", "a-０００01-of-00002.gguf", "",
  ])
  func `other paths are not a shard's`(path: String) {
    #expect(SplitName(path: path) == nil)
  }
}
