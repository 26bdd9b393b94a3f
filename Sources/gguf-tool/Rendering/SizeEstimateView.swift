// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// How an estimate is shown to people: the verdict first, then what it rests on.
struct SizeEstimateView {
  let fit: MemoryFit
  let speed: Throughput?
  /// Which presets fit and the one to take, where that was asked.
  let answer: SizeAnswer?
  /// Every preset, if that was asked for.
  let allPresets: PresetSizes?
  let runtime: RuntimeProfile

  private var model: MemoryModel { fit.model }
  private var layers: Int { model.shape.layerCount + 1 }

  func write() throws {
    var report = Report()
    addHead(to: &report)
    if let reason { report.line(reason) }
    report.section("Size")
    report.facts(sizes)
    report.table(roleTable)
    addMemory(to: &report)
    addOthers(to: &report)
    addFlags(to: &report)
    if let speed { add(speed, to: &report) }
    if let allPresets { add(allPresets, to: &report) }
    try report.write()
  }

  /// Answers in the first three lines what people ask first.
  private func addHead(to report: inout Report) {
    let lines = answer?.lines ?? [verdict]
    report.section(lines[0])
    for line in lines.dropFirst() + (answer?.notes ?? []) { report.line(line) }
  }

  // MARK: Verdict

  /// The answer in a line.
  var verdict: String {
    guard fit.verdict != nil else {
      return
        "\(Units.bytes(model.fileBytes ?? model.tensorBytes)); use --vram or --ram to check whether it fits"
    }
    return SizeAnswer.verdict(fit, speed)
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
        Units.bitsPerWeight(model.bitsPerWeight)
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
        available(memory.device).map { Units.shortBytes($0 - taken(memory)) } ?? "–")
    }
    report.table(table)
    for memory in fit.estimate.gpus + [fit.estimate.host] {
      if let all = available(memory.device) { report.line(bar(memory, of: all)) }
    }
    report.line(
      "Compute buffers: \(method). \(keptMethod)")
    let backend = fit.options.backend
    if !fit.estimate.gpus.isEmpty, !backend.isHeld {
      report.line(
        "What \(backend.title) needs follows its source; it was compared with no run.")
    }
    report.line(NotCounted(fit, runtime).sentence)
  }

  /// Bytes of a device with what else is in memory.
  private func taken(_ memory: DeviceMemory) -> Int {
    memory.total + fit.otherBytes(on: memory.device)
  }

  private func addOthers(to report: inout Report) {
    guard !fit.others.isEmpty else { return }
    report.section("Also in memory")
    var table = Table([
      .text("what"), .flexible("file"), .text("device"), .number("size"), .text("how"),
    ])
    for item in fit.others {
      let file = item.file?.split(separator: "/").last.map(String.init)
      table.add(
        item.kind.words, file ?? "–", item.device.name, Units.shortBytes(item.bytes),
        item.method.rawValue)
    }
    report.table(table)
  }

  private var method: String {
    switch fit.estimate.computeMethod {
    case .exact: "exact"
    case .replayed: "replayed as llama.cpp allocates them\(device)"
    case .bound: "a bound, because this architecture is \(isKnown ? "not replayed" : "unknown")"
    }
  }

  private var isKnown: Bool { model.shape.isKnown }

  private var keptMethod: String {
    guard fit.estimate.cacheMethod == .bound else { return "Weights, cache and output are exact." }
    let shape = model.shape
    let rules =
      isKnown
      ? "no figures of llama.cpp for this architecture were at hand"
      : shape.likeness == shape.architecture
        ? "only their tensors and keys tell what they are"
        : "they are read as those of \(shape.likeness), which the model looks like"
    return "Weights and cache: a bound, too, as \(rules)."
  }

  /// ` on CUDA`, ` on CUDA without fusion`, or nothing where all is in host memory.
  private var device: String {
    guard !fit.estimate.gpus.isEmpty else { return "" }
    return " on \(fit.options.backend.title)" + (fit.options.usesFusion ? "" : " without fusion")
  }

  private func available(_ device: MemoryDevice) -> Int? {
    switch device {
    case .host: fit.budget?.host
    case .gpu(let index): fit.budget?.gpus[index]
    }
  }

  /// `GPU0  ████▓▓▒░·····|  `: weights, cache, compute and output, what else there is, what is free.
  private func bar(_ memory: DeviceMemory, of all: Int) -> String {
    let width = 56
    var text = ""
    var sum = 0.0
    for (bytes, mark) in [
      (memory.weights, "█"), (memory.cache, "▓"), (memory.compute + memory.output, "▒"),
      (fit.otherBytes(on: memory.device), "░"),
    ] {
      sum += Double(bytes)
      let end = min(width, Int((sum / Double(max(1, all)) * Double(width)).rounded()))
      text += String(repeating: mark, count: max(0, end - text.count))
    }
    text += String(repeating: "·", count: width - text.count)
    let isOver = taken(memory) > all
    return Text.padded(memory.device.name, to: 6) + text
      + (isOver ? " too much" : " " + Units.percent(Double(taken(memory)) / Double(max(1, all))))
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
      ("largest context in this placement", fit.largestContext.map(Units.grouped))
    ])
  }

  private func add(_ speed: Throughput, to report: inout Report) {
    report.section("Tokens per second, generated one by one")
    switch speed {
    case .notModelled(let reason): report.line("Not modelled: \(reason).")
    case .modelled(let rate):
      report.line(
        "\(Units.significant(rate.tokensPerSecond, 3)) are likely,"
          + " \(Units.significant(rate.range.lowerBound, 3)) to"
          + " \(Units.significant(rate.range.upperBound, 3)) by what was measured")
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
    var table = Table([
      .text("preset"), .number("size"), .number("bits"), .text("fits"), .number("tokens/s"),
    ])
    for row in presets.rows {
      table.add(
        row.preset.name, Units.bytes(row.bytes), Units.bitsPerWeight(row.bitsPerWeight),
        row.place.map(Self.words) ?? "–",
        row.speed?.rate.map { Units.significant($0.tokensPerSecond, 3) } ?? "–")
    }
    report.table(table)
  }

  private static func words(_ place: PresetSizes.Place) -> String {
    switch place {
    case .whole: "whole"
    case .expertsOutside: "experts outside"
    case .layersOutside: "layers outside"
    case .nowhere: "no"
    }
  }
}
