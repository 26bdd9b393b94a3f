// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Layers that predict further tokens") struct LayersAheadTests {
  private let testing: EvaluationTesting

  init() throws { testing = try EvaluationTesting() }

  private func evaluator(
    _ file: ModelFile, memory: Int = 1 << 28, ahead: Bool = true
  ) throws -> Evaluator {
    var options = EvaluationOptions(threads: 2, mode: .f32, memoryBytes: memory)
    options.runsAhead = ahead
    return try Evaluator(
      model: testing.open(file, "ahead.gguf"), contextLength: 64, options: options)
  }

  private func gather(
    _ file: ModelFile, _ windows: EvaluationWindows, memory: Int = 1 << 28, ahead: Bool = true
  ) throws -> ImportanceMatrix {
    try evaluator(file, memory: memory, ahead: ahead)
      .gatherImportance(over: windows, datasets: ["some text"])
  }

  private func windows(_ count: Int) throws -> EvaluationWindows {
    try EvaluationTesting.windows(count, of: TinyLlama())
  }

  private func complaint(_ file: ModelFile) throws -> String {
    let error = #expect(throws: QuantError.self) { try evaluator(file) }
    return error?.description ?? ""
  }

  @Test(arguments: TinyAhead.Kind.allCases, [1 << 28, 20_000])
  func `sums and counts are those of plain loops`(_ kind: TinyAhead.Kind, _ memory: Int) throws {
    let (model, windows) = (TinyAhead(kind), try windows(4))
    let matrix = try gather(model.file(), windows, memory: memory)
    var plain = PlainAhead(model)
    for window in 0..<windows.count {
      plain.run(Array(windows.tokens[window * 16..<window * 16 + 16]))
    }
    #expect(matrix.entries.map(\.name).sorted() == model.products.sorted())
    for entry in matrix.entries {
      let count = try #require(plain.counts[entry.name])
      #expect(entry.counts == [Float(count)], "\(entry.name)")
      let sums = try #require(plain.squares[entry.name])
      for (mean, sum) in zip(try #require(entry.values(expert: 0)), sums) {
        let exact = sum / Double(count)
        #expect(abs(Double(mean) - exact) <= 1e-4 * exact, "\(entry.name)")
      }
    }
  }

  @Test func `each has a token less of every window than what comes before it`() throws {
    let matrix = try gather(TinyAhead().file(), windows(3))
    for (layer, count) in [16, 16, 15, 14].enumerated() {
      #expect(matrix["blk.\(layer).ffn_up.weight"]?.counts == [Float(3 * count)])
    }
  }

  @Test(arguments: TinyAhead.Kind.allCases)
  func `they change nothing of the others, and are left out unless asked for`(
    _ kind: TinyAhead.Kind
  ) throws {
    let (file, windows) = (TinyAhead(kind).file(), try windows(3))
    let (all, some) = (
      try gather(file, windows), try gather(file, windows, ahead: false)
    )
    #expect(some.entries.count == 14 && all.entries.count > 28)
    for entry in some.entries {
      #expect(all[entry.name]?.values(expert: 0) == entry.values(expert: 0))
    }
  }

  @Test func `progress ends with the work`() throws {
    var last: EvaluationProgress?
    let windows = try windows(3)
    _ = try evaluator(TinyAhead().file())
      .gatherImportance(over: windows, datasets: []) { last = $0 }
    let progress = try #require(last)
    #expect(progress.done == progress.total && progress.total > 0)
  }

  @Test func `parts add up to the whole`() throws {
    let (model, windows) = (try evaluator(TinyAhead(.plain).file()), try windows(4))
    let whole = try model.gatherImportance(over: windows, datasets: [])
    let halves = try [0..<2, 2..<4].map {
      try GatheredImportance(
        model: "m", texts: [model.gatherImportance(over: windows, datasets: [], only: $0)]
      ).matrix()
    }
    for entry in whole.entries {
      let counts = halves.compactMap { $0[entry.name]?.counts?.first }
      #expect(entry.counts == [counts.reduce(0, +)])
    }
  }

  @Test func `models without them are refused`() throws {
    #expect(
      try complaint(TinyLlama().file()).contains("expected layers that predict further tokens"))
    var bare = TinyAhead().file()
    bare.metadata["hy_v3.nextn_predict_layers"] = .uint32(0)
    bare.metadata["hy_v3.block_count"] = .uint32(2)
    #expect(try complaint(bare).contains("found none"))
  }

  @Test func `an architecture of which nobody said how is refused by name`() throws {
    var file = TinyAhead().file()
    for entry in file.metadata.entries where entry.key.hasPrefix("hy_v3.") {
      file.metadata["llama." + entry.key.dropFirst("hy_v3.".count)] = entry.value
    }
    file.metadata["general.architecture"] = .string("llama")
    #expect(try complaint(file).contains("MTP layers of the architecture \"llama\""))
  }

  @Test func `a tensor that is missing is named`() throws {
    var model = TinyAhead()
    model.weights["blk.3.nextn.hnorm.weight"] = nil
    #expect(try complaint(model.file()).contains("\"blk.3.nextn.hnorm.weight\""))
    _ = try evaluator(model.file(), ahead: false)
  }

  @Test func `activations that are not finite are an error`() throws {
    var model = TinyAhead()
    model.weights["blk.2.ffn_down.weight"] = Array(
      repeating: .greatestFiniteMagnitude, count: model.inner * model.width)
    let error = #expect(throws: QuantError.self) { try gather(model.file(), windows(2)) }
    #expect(error?.description.contains("layer 2") == true, "\(error?.description ?? "")")
    _ = try gather(model.file(), windows(2), ahead: false)
  }
}
