// SPDX-License-Identifier: MIT
import Foundation

/// How much memory this process ever held at once.
public enum PeakMemory {
  /// The peak of resident bytes, mapped files included; zero where the system does not tell.
  public static var byteCount: Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
    else { return 0 }
    return (Int(kibibytes) ?? 0) * 1024
  }

  /// The growth of the peak while `body` runs.
  public static func growth(_ body: () throws -> Void) rethrows -> Int {
    let before = byteCount
    try body()
    return byteCount - before
  }
}
