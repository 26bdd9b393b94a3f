// SPDX-License-Identifier: MIT
import Testing
import gguf_tool

@Suite("Units")
struct UnitsTests {
  @Test(arguments: [
    (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1,000 bytes (1.00 kB)"),
    (1024, "1.00 KiB (1.02 kB)"), (4_692_000_000, "4.37 GiB (4.69 GB)"),
    (1_048_575, "1.00 MiB (1.05 MB)"), (999_999, "976.56 KiB (1.00 MB)"),
    (Int.max, "8192.00 PiB (9223.37 PB)"), (-2048, "-2.00 KiB (-2.05 kB)"),
  ])
  func `sizes in both families`(count: Int, text: String) { #expect(Units.bytes(count) == text) }

  @Test(arguments: [
    (0, "0"), (1536, "1,536"), (9_999, "9,999"), (10_000, "10.0 K"), (999_499, "999 K"),
    (999_500, "1.00 M"), (46_702_792_704, "46.7 B"), (8_030_261_248, "8.03 B"),
    (671_000_000_000, "671 B"), (1_000_000_000_000, "1.00 T"), (Int.max, "9223372 T"),
  ])
  func `counts to three figures`(count: Int, text: String) { #expect(Units.count(count) == text) }

  @Test(arguments: [
    (0.0, "0 ms"), (0.35, "350 ms"), (0.9996, "1.0 s"), (12.34, "12.3 s"), (59.96, "1 min 0 s"),
    (192, "3 min 12 s"), (3600, "1 h 0 min"), (18_180, "5 h 3 min"), (187_200, "2 d 4 h"),
    (.nan, "unknown"), (.infinity, "unknown"),
  ])
  func `times`(seconds: Double, text: String) {
    #expect(Units.duration(seconds: seconds) == text)
  }

  @Test(arguments: [
    (0.0, "0 %"), (0.0001, "< 0.1 %"), (0.004, "0.4 %"), (0.62, "62 %"), (0.9971, "99.7 %"),
    (1.0, "100 %"), (.nan, "– %"),
  ])
  func `parts`(part: Double, text: String) { #expect(Units.percent(part) == text) }

  @Test(arguments: [
    (4.8312, 2, "4.83"), (0.005, 2, "0.00"), (0.015, 2, "0.02"), (-0.001, 2, "0.00"),
    (-1.5, 1, "-1.5"), (9.996, 2, "10.00"), (7.0, 0, "7"), (.nan, 2, "NaN"),
    (-.infinity, 1, "-inf"),
  ])
  func `fixed decimals`(value: Double, decimals: Int, text: String) {
    #expect(Units.fixed(value, decimals) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (0.012345, "0.01234"), (1.23456e-9, "1.235e-09"), (-123456.7, "-123457"),
    (3.5e20, "3.500e+20"), (.leastNonzeroMagnitude, "4.941e-324"), (.nan, "NaN"),
    (.infinity, "inf"),
  ])
  func `significant figures`(value: Double, text: String) {
    #expect(Units.significant(value) == text)
  }

  @Test func `groups of digits`() {
    #expect(Units.grouped(0) == "0")
    #expect(Units.grouped(-1_234_567) == "-1,234,567")
    #expect(Units.grouped(.min) == "-9,223,372,036,854,775,808")
  }

  @Test func `rates`() {
    #expect(Units.rate(225_758_412) == "215.30 MiB/s")
    #expect(Units.rate(.infinity) == "–")
  }
}
