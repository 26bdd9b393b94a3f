// SPDX-License-Identifier: MIT
import GGUF
import Quant
import Testing

@Suite struct ThroughputTests {
  /// Mixtral 8x7B on an A100 that fetches experts over the bus. The bus's rate and the time of a layer
  /// were chosen so that the two published speeds come out: this test holds the formula, and says
  /// nothing of other points.
  @Test(arguments: [(isFourBit: false, isResident: false, 0.63), (true, true, 13.0)])
  func `Mixtral on an A100 spans the published speeds`(
    isFourBit: Bool, isResident: Bool, published: Double
  ) throws {
    let machine = try Machine(
      pairs: "gpu=1555,gpu.efficiency=0.6,gpu.layer=2.08,pcie=15.1", option: "--bandwidth")
    let weights = 3 * 4096 * 14336
    let layer = MixedExperts.Layer(
      expertBytes: Array(repeating: isFourBit ? weights * 9 / 16 : weights * 2, count: 8),
      types: Array(repeating: isFourBit ? .Q4_K : .F16, count: 8),
      isResident: Array(repeating: isResident, count: 8), usedCount: 2)
    let attention = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 2 * 4096 + 4096 * 8
    let shared = 2 * (32 * attention + 2 * 32_000 * 4096 + 4096)
    let model = MixedExperts(
      sharedBytes: shared, layers: Array(repeating: layer, count: 32), missing: .fetched)
    let rate = try #require(machine.throughput(of: model.traffic).rate)
    #expect(abs(rate.tokensPerSecond / published - 1) < 0.05)
    #expect(rate.range.contains(published))
    #expect(!rate.basis.isEmpty)
  }

  @Test func `experts on the processor are read there`() throws {
    let machine = try Machine(pairs: "cpu=50,gpu=500,gpu.layer=0", option: "--bandwidth")
    let layer = MixedExperts.Layer(
      expertBytes: [1000, 1000, 1000, 1000], types: Array(repeating: .Q8_0, count: 4),
      isResident: [true, false, false, false], usedCount: 2)
    let traffic = MixedExperts(sharedBytes: 500, layers: [layer], missing: .computedOnCPU).traffic
    #expect(traffic.reads[.cpu] == [.Q8_0: 1500])
    #expect(traffic.reads[.gpu(0)] == [.F16: 500, .Q8_0: 500])
    let seconds = 1500 / (50e9 * Machine.cpuEfficiency) + 1000 / (500e9 * Machine.gpuEfficiency)
    let rate = try #require(machine.throughput(of: traffic).rate)
    #expect(abs(rate.tokensPerSecond * seconds - 1) < 1e-9)
  }

  @Test func `what is not known is not modelled`() throws {
    let machine = try Machine(pairs: "cpu=50", option: "--bandwidth")
    var traffic = TokenTraffic()
    #expect(machine.throughput(of: traffic).rate == nil)
    traffic.add(1e9, of: .IQ2_XXS, at: .cpu)
    guard case .notModelled(let reason) = machine.throughput(of: traffic) else {
      Issue.record("grid types on a processor have no speed")
      return
    }
    #expect(reason.contains("cpu.ceiling.IQ2_XXS"))
    let told = try Machine(pairs: "cpu=50,cpu.ceiling.IQ2_XXS=13.6", option: "--bandwidth")
    #expect(abs((told.throughput(of: traffic).rate?.tokensPerSecond ?? 0) - 13.6) < 1e-9)
    traffic.add(1, of: .F16, at: .gpu(0))
    let missing = "the machine description has no bandwidth for gpu0"
    #expect(told.throughput(of: traffic) == .notModelled(missing))
  }

  @Test func `layers on a GPU take time, those of experts more, and those split most`() throws {
    let machine = try Machine(pairs: "cpu=50,gpu=500", option: "--bandwidth")
    var traffic = TokenTraffic()
    traffic.add(5e9, of: .Q4_K, at: .gpu(0))
    var seconds = try [#require(machine.throughput(of: traffic).rate?.tokensPerSecond)].map {
      1 / $0
    }
    for change in [\TokenTraffic.plainLayers[.gpu(0)], \.mixtureLayers[.gpu(0)]] {
      var more = traffic
      more[keyPath: change] = 32
      seconds.append(1 / (try #require(machine.throughput(of: more).rate?.tokensPerSecond)))
    }
    traffic.splitLayers = 32
    seconds.append(1 / (try #require(machine.throughput(of: traffic).rate?.tokensPerSecond)))
    #expect(seconds == seconds.sorted() && Set(seconds).count == 4)
    // On a processor layers take no time beyond reading.
    var onCPU = TokenTraffic()
    onCPU.add(5e9, of: .Q4_K, at: .cpu)
    let plain = machine.throughput(of: onCPU).rate?.tokensPerSecond
    onCPU.plainLayers[.cpu] = 32
    onCPU.mixtureLayers[.cpu] = 32
    #expect(machine.throughput(of: onCPU).rate?.tokensPerSecond == plain)
  }

  @Test func `experts on the processor make split layers of those on a GPU`() throws {
    let model = try MemoryFixtures.model("qwen3-30b-a3b-Q4_K_M")
    var rule = PlacementRule(gpuCount: 1)
    rule.overrides = [.expertsOfFirstLayers(36)]
    let options = ContextOptions(context: 4096)
    let traffic = model.traffic(DevicePlacement(model, rule: rule), options: options)
    #expect(traffic.splitLayers == 36)
    #expect(traffic.mixtureLayers == [.cpu: 36, .gpu(0): 12])
    #expect(traffic.plainLayers == [.gpu(0): 36])
    let host = model.traffic(
      DevicePlacement(model, rule: PlacementRule(gpuCount: 0)), options: options)
    #expect(host.splitLayers == 0 && host.mixtureLayers == [.cpu: 48])
  }
}
