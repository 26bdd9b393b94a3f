// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

@Suite("Plain numbers")
struct NumberFormatTests {
  private func bytes<T: FixedWidthInteger>(_ numbers: [T]) -> [UInt8] {
    numbers.flatMap { number in
      (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
  }

  @Test func `integers turn into the nearest floats`() {
    #expect(I8.decoded(bytes([0, 127, -128] as [Int8])) == [0, 127, -128])
    #expect(I16.decoded(bytes([-1, 32767, -32768] as [Int16])) == [-1, 32767, -32768])
    #expect(I32.decoded(bytes([16_777_217, Int32.min])) == [16_777_216, -0x1p31])
    #expect(I64.decoded(bytes([1 << 40, Int64.min])) == [0x1p40, -0x1p63])
  }

  @Test func `doubles turn into the nearest floats`() {
    let numbers = [0.1, -1e300, 1e-300, .infinity]
    #expect(F64.decoded(bytes(numbers.map(\.bitPattern))) == [0.1, -.infinity, 0, .infinity])
  }

  @Test func `single precision is kept bit for bit`() {
    let numbers: [Float] = [0.1, -0.0, 0x1p-149, .greatestFiniteMagnitude, -.infinity]
    #expect(F32.encoded(numbers, rowWeights: 5) == bytes(numbers.map(\.bitPattern)))
    #expect(F32.decoded(bytes(numbers.map(\.bitPattern))) == numbers)
  }

  @Test func `every half is widened as the language does it`() {
    let all = Array(UInt16.min...UInt16.max)
    let widened = F16.decoded(bytes(all))
    for bits in all {
      let expected = Float(Float16(bitPattern: bits))
      let value = widened[Int(bits)]
      #expect(value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN))
    }
  }

  @Test func `every half and every BF16 number is written as it was read`() {
    let all = Array(UInt16.min...UInt16.max)
    for format in [F16.self, BF16.self] as [any EncodableFormat.Type] {
      let values = format.decoded(bytes(all))
      let again = format.decoded(format.encoded(values, rowWeights: values.count))
      for index in values.indices {
        #expect(
          values[index].bitPattern == again[index].bitPattern
            || (values[index].isNaN && again[index].isNaN))
      }
    }
  }

  @Test func `ties go to even, and finite numbers stay finite`() {
    let top = Float.greatestFiniteMagnitude
    let halves = F16.encoded([1 + 0x1p-11, 1 + 0x3p-11, 65519, 65520, -top], rowWeights: 5)
    #expect(F16.decoded(halves) == [1, 1 + 0x1p-9, 65504, 65504, -65504])
    let brain = BF16.encoded([1 + 0x1p-8, 1 + 0x3p-8, top, -top, .infinity], rowWeights: 5)
    #expect(BF16.decoded(brain) == [1, 1 + 0x1p-6, 0x1.FEp127, -0x1.FEp127, .infinity])
  }
}
