// SPDX-License-Identifier: MIT
#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How much memory the machine has to spare.
enum FreeMemory {
  /// Bytes that a job may take without others having to give any up: what the system says is
  /// available, or what the job's control group has left, whichever is less.
  static var bytes: Int {
    let total = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let available = systemAvailable ?? total / 2
    return max(0, min(available, groupLeft ?? available))
  }

  private static var systemAvailable: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else {
      return nil
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    let fields = line?.split(separator: " ")
    return fields.flatMap { $0.count > 1 ? Int($0[1]).map { $0 * 1024 } : nil }
  }

  private static var groupLeft: Int? {
    guard let limit = number("/sys/fs/cgroup/memory.max"),
      let used = number("/sys/fs/cgroup/memory.current")
    else { return nil }
    return limit - used
  }

  private static func number(_ path: String) -> Int? {
    let text = try? String(contentsOfFile: path, encoding: .utf8)
    return text?.split(separator: "\n").first.flatMap { Int($0) }
  }
}
