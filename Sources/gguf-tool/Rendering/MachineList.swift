// SPDX-License-Identifier: MIT
import Quant

/// The machines that are known by name.
struct MachineList {
  /// One of them, for programs.
  struct Entry: Encodable {
    let name: String
    let title: String
    let kind: String
    let memoryBytes: Int?
    let gbPerSecond: Double
    let source: String
  }

  /// All of them in one object.
  struct JSON: Encodable {
    let machines: [Entry]
  }

  /// Shows them to people, or to programs.
  static func write(asJSON isJSON: Bool) throws {
    guard !isJSON else { return try JSONOutput.write(JSON(machines: NamedMachine.all.map(entry))) }
    var report = Report()
    for (kind, title) in kinds {
      report.section(title)
      var table = Table([
        .text("name"), .text("machine"), .number("memory"), .number("GB/s"),
      ])
      for machine in NamedMachine.all where machine.kind == kind {
        table.add(
          machine.name, machine.title, machine.memoryBytes.map(Units.shortBytes) ?? "any",
          Units.fixed(machine.bandwidth, machine.bandwidth.rounded() == machine.bandwidth ? 0 : 1))
      }
      report.table(table)
      for source in sources(kind) { report.line("from \(source)") }
    }
    report.section("Several")
    report.line("rtx3090+rtx3090+ryzen-ddr5 is a machine with two cards. --json names the sources.")
    try report.write()
  }

  private static let kinds: [(NamedMachine.Kind, String)] = [
    (.gpu, "Graphics cards"), (.unified, "Processor and GPU in one memory"),
    (.processor, "Processors"),
  ]

  private static func sources(_ kind: NamedMachine.Kind) -> [String] {
    var sources: [String] = []
    for machine in NamedMachine.all where machine.kind == kind {
      if !sources.contains(machine.source) { sources.append(machine.source) }
    }
    return sources
  }

  private static func entry(_ machine: NamedMachine) -> Entry {
    Entry(
      name: machine.name, title: machine.title, kind: machine.kind.rawValue,
      memoryBytes: machine.memoryBytes, gbPerSecond: machine.bandwidth, source: machine.source)
  }
}
