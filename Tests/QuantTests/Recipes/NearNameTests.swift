// SPDX-License-Identifier: MIT
import Quant
import Testing

@Suite("Names that are near") struct NearNameTests {
  private let types = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q4_K_S", "Q4_K_M", "IQ4_XS"]
  private let words = ["inspect", "verify", "size-estimate", "requantize", "split-experts"]

  @Test(
    arguments: [
      ("q4km", "Q4_K_M"), ("Q4-K-M", "Q4_K_M"), ("fp16", "F16"), ("float32", "F32"), ("q8", "Q8_0"),
      ("bfloat16", "BF16"), ("iq4xs", "IQ4_XS"), ("Q4_K_N", "Q4_K"), ("nonsense", nil), ("", nil),
      ("x", nil), ("Q9", nil), ("q4_km", "Q4_K_M"),
    ] as [(String, String?)])
  func `of types`(text: String, name: String?) {
    #expect(NearName.of(text, among: types) == name)
  }

  @Test(
    arguments: [
      ("inspct", "inspect"), ("insepct", "inspect"), ("quantize", "requantize"),
      ("estimate", "size-estimate"), ("sizeestimate", "size-estimate"), ("split", "split-experts"),
      ("serve", nil), ("verfiy", "verify"), ("banana", nil),
    ] as [(String, String?)])
  func `of commands`(text: String, name: String?) {
    #expect(NearName.of(text, among: words) == name)
  }

  @Test func `are asked for, or nothing is`() {
    #expect(NearName.question("fp16", among: types) == " (did you mean F16?)")
    #expect(NearName.question("banana", among: types).isEmpty)
    #expect(NearName.of(String(repeating: "a", count: 1000), among: types) == nil)
  }
}
