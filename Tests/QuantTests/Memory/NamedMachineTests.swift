// SPDX-License-Identifier: MIT
import Foundation
import Quant
import Testing

@Suite struct NamedMachineTests {
  @Test func `every machine has a name of its own, plausible figures and a source`() {
    let all = NamedMachine.all
    #expect(all.count > 100)
    #expect(Set(all.map(\.name)).count == all.count)
    for machine in all {
      #expect(machine.name.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".contains($0) })
      #expect((50...10_000).contains(machine.bandwidth), "\(machine.name)")
      #expect(machine.source.hasPrefix("https://"))
      #expect((machine.memoryBytes == nil) == (machine.kind == .processor), "\(machine.name)")
      #expect(machine.title.count <= 41 && machine.name.count <= 20)
    }
  }

  /// A size in a name or a title is the memory.
  @Test(arguments: NamedMachine.all.filter { $0.name.hasSuffix("gb") })
  func `sizes in names are those of the memory`(machine: NamedMachine) throws {
    let size = try #require(machine.name.split(separator: "-").last?.dropLast(2))
    #expect(machine.memoryBytes == Int(size).map { $0 << 30 })
  }

  /// `8 channels of DDR4-3200`: each moves eight bytes a transfer.
  @Test(arguments: NamedMachine.all.filter { $0.kind == .processor })
  func `bandwidths of processors are those of their channels`(machine: NamedMachine) throws {
    let text = try #require(machine.title.split(separator: ", ").last)
    let words = text.split(separator: " ")
    let channels = try #require(Double(words[0]))
    let transfers = try #require(Double(words[3].split(separator: "-")[1]))
    #expect(abs(machine.bandwidth - channels * transfers * 8 / 1000) < 0.05)
  }

  @Test(
    arguments: [
      ("rtx4090", [1008], [24 << 30], nil, nil),
      ("RTX3090+rtx3060-12gb+ryzen-ddr5", [936, 360], [24 << 30, 12 << 30], 89.6, nil),
      ("m4-max-128gb", [546], [96 << 30], 546, 32 << 30), ("ryzen-ddr4", [], [], 51.2, nil),
      ("m2-24gb", [100], [16 << 30], 100, 8 << 30),
    ] as [(String, [Double], [Int], Double?, Int?)])
  func `names make a machine`(
    names: String, gpus: [Double], memory: [Int], cpu: Double?, host: Int?
  ) throws {
    let machine = try Machine(names: names, option: "--machine")
    #expect(machine.gpus.map(\.bandwidth) == gpus)
    #expect(machine.gpus.map(\.memoryBytes) == memory)
    #expect(machine.cpu.bandwidth == cpu)
    #expect(machine.cpu.memoryBytes == host)
  }

  @Test(arguments: [
    ("rtx4900", "neither a machine nor a file named \"rtx4900\""),
    ("rtx 4090", "(did you mean rtx4090?)"), ("rtx3060", "(did you mean rtx3060ti?)"),
    ("4090", "(did you mean rtx4090?)"), ("m4-max", "(did you mean m4-max-"),
    ("rtx4090+", "named \"\""), ("ryzen-ddr5+ryzen-ddr4", "expected one processor"),
    ("m4-16gb+ryzen-ddr4", "expected one processor"),
  ])
  func `other names are refused, with the nearest`(names: String, message: String) {
    let error = #expect(throws: QuantError.self) {
      try Machine(names: names, option: "--machine")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }
}
