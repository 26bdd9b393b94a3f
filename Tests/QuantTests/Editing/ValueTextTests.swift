import GGUF
import Quant
import Testing

/// Values and targets as people type them.
@Suite("Values as text") struct ValueTextTests {
  @Test(arguments: [
    ("u8", "255", MetadataValue.uint8(255)), ("i8", "-128", .int8(-128)),
    ("u16", "65535", .uint16(.max)), ("i16", "-5", .int16(-5)), ("u32", "5", .uint32(5)),
    ("int32", "-5", .int32(-5)), ("u64", "18446744073709551615", .uint64(.max)),
    ("i64", "-9223372036854775808", .int64(.min)), ("f32", "1e-5", .float32(1e-5)),
    ("f64", "0.1", .float64(0.1)), ("float", "2", .float32(2)), ("bool", "true", .bool(true)),
    ("bool", "0", .bool(false)), ("str", "a,b = c", .string("a,b = c")), ("str", "", .string("")),
    ("int", "7", .uint32(7)), ("int", "-7", .int32(-7)), ("int", "4294967296", .uint64(1 << 32)),
  ])
  func `a value of each type`(_ type: String, _ text: String, _ value: MetadataValue) throws {
    #expect(ValueText.value(text, as: try #require(ValueText.wanted(type))) == value)
  }

  @Test(arguments: [
    ("u8", "256"), ("u32", "-1"), ("i8", "x"), ("f32", "one"), ("bool", "maybe"), ("int", "1.5"),
    ("u16", ""), ("u64", "18446744073709551616"),
  ])
  func `text that is no value`(_ type: String, _ text: String) throws {
    #expect(ValueText.value(text, as: try #require(ValueText.wanted(type))) == nil)
  }

  @Test(arguments: [
    ("", []), ("a", ["a"]), ("a,b", ["a", "b"]), ("a,,b,", ["a", "", "b", ""]),
    (#"a\,b,c"#, ["a,b", "c"]), (#"a\\,b"#, [#"a\"#, "b"]), (#"a\n"#, [#"a\n"#]),
    (#"a\"#, [#"a\"#]),
  ])
  func `elements of a list`(_ text: String, _ elements: [String]) {
    #expect(ValueText.elements(text) == elements)
  }

  @Test func `targets`() throws {
    let plain = try #require(MetadataTarget("general.name"))
    #expect(plain.key == "general.name" && plain.part == .value && plain.type == nil)
    let typed = try #require(MetadataTarget("a.b:u32"))
    #expect(typed.key == "a.b" && typed.type == .exact(.uint32))
    let list = try #require(MetadataTarget("a[]:str"))
    #expect(list.key == "a" && list.part == .list && list.type == .exact(.string))
    #expect(MetadataTarget("a[]+")?.part == .listEnd)
    #expect(MetadataTarget("a[12]")?.part == .element(12))
    for bad in ["", "[]", "a[-1]", "a[x]", ":u32"] { #expect(MetadataTarget(bad) == nil, "\(bad)") }
  }

  private let metadata: Metadata = {
    var metadata = Metadata()
    metadata["general.architecture"] = .string("llama")
    metadata["count"] = .int16(3)
    metadata["list"] = .array(MetadataArray(elementType: .uint8, [.uint8(1), .uint8(2)]))
    metadata["tokenizer.ggml.add_bos_token"] = .uint32(1)
    return metadata
  }()

  private func value(_ target: String, _ texts: String...) throws -> MetadataValue {
    try #require(MetadataTarget(target)).value(texts, in: metadata)
  }

  private func list(_ bytes: UInt8...) -> MetadataValue {
    .array(MetadataArray(elementType: .uint8, bytes.map { .uint8($0) }))
  }

  @Test func `the type is kept, given, or that of a known key`() throws {
    #expect(try value("count", "4") == .int16(4))
    #expect(try value("count:u64", "4") == .uint64(4))
    #expect(try value("general.name", "x") == .string("x"))
    #expect(try value("llama.context_length", "4096") == .uint32(4096))
    #expect(try value("llama.rope.freq_base", "10000") == .float32(10_000))
    #expect(try value("tokenizer.ggml.add_bos_token", "true") == .bool(true))
    #expect(try value("general.tags[]", "a", "b") == .array(MetadataArray(strings: ["a", "b"])))
    #expect(throws: QuantError.self) { try value("new", "4") }
    #expect(throws: QuantError.self) { try value("new[]", "4") }
    #expect(throws: QuantError.self) { try value("count", "four") }
  }

  @Test func `lists are set, added to and changed at a place`() throws {
    #expect(try value("list[]", "7") == list(7))
    #expect(try value("list[]") == list())
    #expect(try value("list[]+", "3", "4") == list(1, 2, 3, 4))
    #expect(try value("list[1]", "9") == list(1, 9))
    #expect(
      try value("list[]:f32", "1") == .array(MetadataArray(elementType: .float32, [.float32(1)])))
    for bad in ["list[2]", "list", "count[]+", "count[0]", "missing[0]", "list[]+:u32"] {
      #expect(throws: QuantError.self, "\(bad)") { try value(bad, "1") }
    }
    #expect(throws: QuantError.self) { try value("list[]", "256") }
    #expect(throws: QuantError.self) { try value("mixed[]:int", "1", "-1") }
  }
}
