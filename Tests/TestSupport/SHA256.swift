// SPDX-License-Identifier: MIT

/// SHA-256 (FIPS 180-4), for comparing results with figures that were published as hashes.
public enum SHA256 {
  /// The hash in hexadecimal digits.
  public static func hex(_ message: [UInt8]) -> String {
    var padded = message + [0x80]
    while padded.count % 64 != 56 { padded.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) {
      padded.append(UInt8(truncatingIfNeeded: (message.count * 8) >> shift))
    }
    var state: [UInt32] = [
      0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
      0x5BE0_CD19,
    ]
    for start in stride(from: 0, to: padded.count, by: 64) {
      state = zip(state, mixed(state, schedule(padded[start..<start + 64]))).map { $0 &+ $1 }
    }
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func schedule(_ block: ArraySlice<UInt8>) -> [UInt32] {
    let bytes = block.map(UInt32.init)
    var words = (0..<16).map { word in
      (0..<4).reduce(UInt32(0)) { $0 << 8 | bytes[4 * word + $1] }
    }
    for next in 16..<64 {
      let (a, b) = (words[next - 15], words[next - 2])
      let first = rotated(a, 7) ^ rotated(a, 18) ^ (a >> 3)
      let second = rotated(b, 17) ^ rotated(b, 19) ^ (b >> 10)
      words.append(words[next - 16] &+ first &+ words[next - 7] &+ second)
    }
    return words
  }

  private static func mixed(_ state: [UInt32], _ words: [UInt32]) -> [UInt32] {
    var s = state
    for (word, constant) in zip(words, constants) {
      let choice = (s[4] & s[5]) ^ (~s[4] & s[6])
      let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2])
      let first = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25)
      let second = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22)
      let sum = s[7] &+ first &+ choice &+ constant &+ word
      s = [sum &+ second &+ majority, s[0], s[1], s[2], s[3] &+ sum, s[4], s[5], s[6]]
    }
    return s
  }

  private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word >> count | word << (32 - count)
  }

  /// The first 32 bits of the fractions of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = {
    let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }
    return primes.map { prime in
      let root = exactCubeRoot(of: prime)
      return UInt32(truncatingIfNeeded: root)
    }
  }()

  /// The cube root of a prime times 2^32, rounded down, by bisection in whole numbers.
  private static func exactCubeRoot(of prime: Int) -> UInt64 {
    let target = UInt128(prime) << 96
    var root: UInt128 = 0
    for bit in stride(from: 35, through: 0, by: -1) {
      let next = root | 1 << UInt128(bit)
      if next * next * next <= target { root = next }
    }
    return UInt64(root)
  }
}
