// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

@Suite struct MachineTests {
  @Test func `a file describes every device`() throws {
    let text = """
      # under the desk
      name = tower
      cpu = 51.2            # DDR4-3200, two channels
      cpu.memory = 64GiB
      cpu.ceiling.IQ2_XXS = 13.6
      gpu = 288
      gpu.memory = 15.7GiB
      gpu.layer = 1.8
      gpu1.bandwidth = 1008
      gpu1.efficiency = 0.6

      pcie = 15.1
      """
    let machine = try Machine(description: text, file: "tower.machine")
    #expect(machine.name == "tower")
    #expect(machine.cpu.bandwidth == 51.2)
    #expect(machine.cpu.memoryBytes == 64 << 30)
    #expect(machine.cpu.ceilings == [.IQ2_XXS: 13.6])
    #expect(machine.cpu.efficiency == Machine.cpuEfficiency)
    #expect(machine.gpus.map(\.bandwidth) == [288, 1008])
    #expect(machine.gpus[0].memoryBytes == 16_857_746_637)
    #expect(machine.gpus[0].mixtureLayerSeconds == 0.0018)
    #expect(machine.gpus[1].efficiency == 0.6)
    #expect(machine.busBandwidth == 15.1)
  }

  @Test(arguments: [
    ("cpu 51", "line 1: expected key = value, found \"cpu 51\""),
    ("\ncpu = fast", "line 2: cpu: expected a number"),
    ("cpu = 51\ncpu = 52", "line 2: \"cpu\" appears twice"),
    (
      "gpu.memory = lots",
      "line 1: gpu.memory: expected a size such as 16GiB or 16G, found \"lots\""
    ),
    ("gpu.memory = 24", "line 1: gpu.memory: expected a size with its unit, such as 24GiB"),
    ("gpu99 = 1", "expected gpu, or gpu0 to gpu63"),
    ("cpu.efficiency = 79", "expected a number from 0.001 to 1.0"),
    ("cpu.ceiling.Q9 = 3", "expected memory, efficiency, layer or ceiling.TYPE"),
    ("disk = 3", "expected a key such as cpu"),
    ("cpu = nan", "expected a number"),
    ("cpu = -1", "expected a number"),
    ("cpu =", "expected a number"),
  ])
  func `errors name file and line`(text: String, message: String) {
    let error = #expect(throws: QuantError.self) {
      try Machine(description: text, file: "m.machine")
    }
    #expect(error?.description.hasPrefix("m.machine: line") == true)
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test func `pairs describe a machine in one word`() throws {
    let machine = try Machine(pairs: "cpu=51,gpu=288,pcie=25", option: "--bandwidth")
    #expect(machine.cpu.bandwidth == 51)
    #expect(machine.gpus.map(\.bandwidth) == [288])
    #expect(machine.busBandwidth == 25)
    let error = #expect(throws: QuantError.self) {
      try Machine(pairs: "cpu=51,,", option: "--bandwidth")
    }
    #expect(error?.description == "--bandwidth: expected key = value, found \"\"")
  }

  @Test(arguments: [
    ("16GiB", 16 << 30), ("16GB", 16_000_000_000), ("1.5g", 1_500_000_000), ("512B", 512),
    ("15.7 GiB", 16_857_746_637), ("0", 0), ("24Gi", 24 << 30), ("1500K", 1_500_000),
    ("20209819980", 20_209_819_980), ("1048576", 1 << 20),
  ])
  func `sizes are read`(text: String, bytes: Int) throws {
    #expect(try Amount.bytes(text) == bytes)
  }

  @Test(
    arguments: ["", "GiB", "-1G", "1e9", "inf", "nan", "0x10", "9999999TiB", "1.2.3", "1,5GiB"])
  func `other sizes are not`(text: String) {
    #expect(throws: Amount.Fault.noSize) { try Amount.bytes(text) }
  }

  @Test(arguments: ["24", "24576", "1048575", "0.5", "1.5"])
  func `a small number without a unit is no size`(text: String) {
    #expect(throws: Amount.Fault.noUnit) { try Amount.bytes(text) }
  }

  @Test(
    arguments: [
      ("8192", 8192), ("128k", 131_072), ("128K", 131_072), ("1M", 1 << 20), ("0", 0),
      ("1.5k", 1536), ("-1", nil), ("k", nil), ("8192.5", nil), ("1e3", nil), ("9999999M", nil),
      ("8GiB", nil),
    ] as [(String, Int?)])
  func `tokens are counted in powers of 1024`(text: String, count: Int?) {
    #expect(Amount.tokens(text) == count)
  }
}
