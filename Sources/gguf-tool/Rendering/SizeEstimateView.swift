// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How an estimate is shown to people: the verdict first, then what it rests on.
struct SizeEstimateView {
  let fit: MemoryFit
  let speed: Throughput?
  /// Every preset, if that was asked for.
  let presets: PresetSizes?
  /// The name of the largest preset that fits whole, `none`, or `nil` if nobody looked.
  let largestPreset: String?
  let runtime: RuntimeProfile

  private var model: MemoryModel { fit.model }
  private var layers: Int { model.shape.layerCount + 1 }

  func write() throws {
    var report = Report()
    report.section(verdict)
    if let reason { report.line(reason) }
    report.section("Size")
    report.facts(sizes)
    report.table(roleTable)
    addMemory(to: &report)
    addFlags(to: &report)
    if let speed { add(speed, to: &report) }
    if let presets { add(presets, to: &report) }
    try report.write()
  }

  // MARK: Verdict

  /// The answer in a line.
  var verdict: String {
    guard let verdict = fit.verdict else {
      return
        "\(Units.bytes(model.fileBytes ?? model.tensorBytes)); use --vram or --ram to check whether it fits"
    }
    let context = "a context of \(Units.grouped(fit.options.context)) tokens"
    switch verdict {
    case .fits: return "Fits, with \(context)"
    case .fitsWithFlags: return "Fits with flags (below), with \(context)"
    case .doesNotFit:
      guard let shortage = fit.shortage else { return "Does not fit" }
      return "Does not fit: \(shortage.device.name) lacks \(Units.shortBytes(shortage.bytes)),"
        + " mostly for \(shortage.binding)"
    }
  }

  private var reason: String? {
    guard fit.placement.rule.gpuCount > 0 else { return nil }
    let outside = fit.placement.layers.count { $0 == .host }
    let experts = fit.placement.layersWithExpertsOutside(model)
    var parts: [String] = []
    if outside > 0 { parts.append("\(outside) of \(layers) layers stay in host memory") }
    if experts > 0 {
      parts.append(
        "experts of \(experts) of the \(model.shape.layerCount) layers stay in host memory")
    }
    guard !parts.isEmpty else { return nil }
    let unlimited = fit.budget?.host == nil ? " Use --ram to check host memory." : ""
    return parts.joined(separator: "; ") + "." + unlimited
  }

  // MARK: Size

  private var sizes: [(name: String, value: String?)] {
    let ahead = model.aheadWeightCount
    let weights = model.weightCount - ahead
    let active = model.activeWeightCount
    return [
      ("model", model.name),
      ("size", model.fileBytes.map(Units.bytes)),
      ("exact size", model.fileBytes.map(Units.exactBytes)),
      (
        "weights",
        Units.count(weights) + (active < weights ? ", \(Units.count(active)) active" : "")
      ),
      ("counted", counted(ahead)),
      (
        "bits per weight",
        Units.bitsPerWeight(Double(model.tensorBytes) * 8 / Double(max(1, model.weightCount)))
      ),
    ]
  }

  /// What the number of weights holds and what it leaves out.
  private func counted(_ ahead: Int) -> String {
    let embedding = Units.count(model.embeddingWeightCount)
    let parts =
      ["with \(embedding) of embeddings"]
      + (ahead > 0 ? ["without \(Units.count(ahead)) of MTP layers"] : [])
    return parts.joined(separator: ", ")
  }

  private var roleTable: Table {
    var table = Table([
      .flexible("role"), .flexible("types"), .number("weights"), .number("size"), .number("part"),
    ])
    for role in SizeRole.all(model) {
      table.add(
        role.name, role.types.joined(separator: " "), Units.count(role.weights),
        Units.shortBytes(role.bytes),
        Units.percent(Double(role.bytes) / Double(max(1, model.tensorBytes))))
    }
    return table
  }

  // MARK: Memory

  private func addMemory(to report: inout Report) {
    report.section("Memory, \(runtime.rawValue) \(runtime.version)")
    var table = Table([
      .text("device"), .number("weights"), .number("cache"), .number("compute"),
      .number("output"), .number("total"), .number("free"),
    ])
    for memory in fit.estimate.gpus + [fit.estimate.host] {
      table.add(
        memory.device.name, Units.shortBytes(memory.weights), Units.shortBytes(memory.cache),
        Units.shortBytes(memory.compute), Units.shortBytes(memory.output),
        Units.shortBytes(memory.total),
        available(memory.device).map { Units.shortBytes($0 - memory.total) } ?? "–")
    }
    report.table(table)
    for memory in fit.estimate.gpus + [fit.estimate.host] {
      if let all = available(memory.device) { report.line(bar(memory, of: all)) }
    }
    report.line(
      "Compute buffers: \(method). Weights, cache and output are exact. Drivers take 0.3 to 0.9 GiB"
        + " more, which the margin allows for.")
  }

  private var method: String {
    switch fit.estimate.computeMethod {
    case .exact: "exact"
    case .replayed: "replayed as llama.cpp allocates them"
    case .bound: "a bound, because this architecture is unknown"
    }
  }

  private func available(_ device: MemoryDevice) -> Int? {
    switch device {
    case .host: fit.budget?.host
    case .gpu(let index): fit.budget?.gpus[index]
    }
  }

  /// `GPU0  ████▓▓▒······|  `: weights, cache, compute and output, what is free.
  private func bar(_ memory: DeviceMemory, of all: Int) -> String {
    let width = 56
    var text = ""
    var sum = 0.0
    for (bytes, mark) in [
      (memory.weights, "█"), (memory.cache, "▓"), (memory.compute + memory.output, "▒"),
    ] {
      sum += Double(bytes)
      let end = min(width, Int((sum / Double(max(1, all)) * Double(width)).rounded()))
      text += String(repeating: mark, count: max(0, end - text.count))
    }
    text += String(repeating: "·", count: width - text.count)
    let isOver = memory.total > all
    return Text.padded(memory.device.name, to: 6) + text
      + (isOver ? " too much" : " " + Units.percent(Double(memory.total) / Double(max(1, all))))
  }

  // MARK: Flags, speed, presets

  private func addFlags(to report: inout Report) {
    guard fit.budget != nil else { return }
    report.section(runtime == .ollama ? "Ollama chooses" : "Flags")
    if runtime == .ollama {
      let count = min(fit.placement.rule.gpuLayers ?? 0, layers)
      report.facts([
        ("layers on the GPU", "\(count)/\(layers)"), ("sequences", "\(fit.options.sequences)"),
        ("context", "\(Units.grouped(fit.options.context))"),
      ])
    } else {
      report.verbatim(RuntimeFlags(fit).line)
    }
    report.facts([
      ("largest context in this placement", fit.largestContext.map(Units.grouped)),
      ("largest preset that fits whole", largestPreset),
    ])
  }

  private func add(_ speed: Throughput, to report: inout Report) {
    report.section("Tokens per second, generated one by one")
    switch speed {
    case .notModelled(let reason): report.line("Not modelled: \(reason).")
    case .modelled(let rate):
      report.line(
        "\(Units.significant(rate.range.lowerBound, 3)) to"
          + " \(Units.significant(rate.range.upperBound, 3)), by the constants"
          + " \(Units.significant(rate.tokensPerSecond, 3))")
      var table = Table([.text("part of a token"), .number("reads"), .number("time")])
      for term in rate.terms {
        table.add(
          term.name, term.bytes > 0 ? Units.shortBytes(Int(term.bytes)) : "–",
          "\(Units.fixed(term.seconds * 1000, 2)) ms")
      }
      report.table(table)
      for line in rate.basis { report.line("based on \(line)") }
    }
  }

  private func add(_ presets: PresetSizes, to report: inout Report) {
    report.section("Presets")
    var table = Table([.text("preset"), .number("size"), .number("bits"), .text("fits whole")])
    for row in presets.rows {
      table.add(
        row.preset.name, Units.bytes(row.fileBytes), Units.bitsPerWeight(row.bitsPerWeight),
        row.fitsWhole.map { $0 ? "yes" : "no" } ?? "–")
    }
    report.table(table)
  }
}
