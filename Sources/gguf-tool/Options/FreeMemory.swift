// SPDX-License-Identifier: MIT
#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How much memory the machine has to spare.
enum FreeMemory {
  /// Bytes that a job may take without others having to give any up: what the system says is
  /// available, or what the job's control groups have left, whichever is less.
  static var bytes: Int {
    let total = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let available = systemAvailable ?? total / 2
    return max(0, ControlGroup.ofThisProcess.compactMap(\.left).reduce(available, min))
  }

  private static var systemAvailable: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else {
      return nil
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    let fields = line?.split(separator: " ")
    return fields.flatMap { $0.count > 1 ? Int($0[1]).map { $0 * 1024 } : nil }
  }
}

/// A group of processes that share a limit of memory (Linux: Documentation/admin-guide, cgroup-v1
/// and cgroup-v2).
private struct ControlGroup {
  /// Where the system shows it.
  let folder: String
  /// Whether it is of the interface's first version, which has other names.
  let isOld: Bool

  /// The group of this process and those around it, of both versions.
  static var ofThisProcess: [ControlGroup] {
    let text = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)
    return (text ?? "").split(separator: "\n").flatMap(groups)
  }

  /// The groups of a line, `number:controllers:/path`.
  private static func groups(_ line: Substring) -> [ControlGroup] {
    let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3 else { return [] }
    let isOld = fields[1].split(separator: ",").contains("memory")
    guard isOld || fields[1].isEmpty else { return [] }
    // In a container the path may be the host's; then only the outermost folder is there.
    var path = fields[2].split(separator: "/").map(String.init)
    var found: [ControlGroup] = []
    while true {
      let root = isOld ? ["/sys/fs/cgroup/memory"] : ["/sys/fs/cgroup"]
      found.append(ControlGroup(folder: (root + path).joined(separator: "/"), isOld: isOld))
      if path.popLast() == nil { return found }
    }
  }

  /// Bytes below the limit; `nil` without one. Cached pages of files count as free, since the system
  /// drops them when it needs room.
  var left: Int? {
    guard let limit = number(isOld ? "memory.limit_in_bytes" : "memory.max"),
      let used = number(isOld ? "memory.usage_in_bytes" : "memory.current")
    else { return nil }
    return limit - max(0, used - cached)
  }

  private var cached: Int {
    let prefix = isOld ? "total_" : ""
    let names = ["\(prefix)active_file", "\(prefix)inactive_file"]
    return (text("memory.stat") ?? "").split(separator: "\n").reduce(0) { sum, line in
      let fields = line.split(separator: " ")
      guard fields.count == 2, names.contains(String(fields[0])) else { return sum }
      return sum + (Int(fields[1]) ?? 0)
    }
  }

  private func number(_ file: String) -> Int? {
    text(file)?.split(separator: "\n").first.flatMap { Int($0) }
  }

  private func text(_ file: String) -> String? {
    try? String(contentsOfFile: folder + "/" + file, encoding: .utf8)
  }
}
