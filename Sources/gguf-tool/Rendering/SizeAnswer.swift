// SPDX-License-Identifier: MIT
import Quant

/// What people ask first: which presets fit, how fast they are, and the one to take.
struct SizeAnswer {
  let fit: MemoryFit
  let speed: Throughput?
  let choice: PresetChoice
  /// Usual presets around what fits whole, or all of them; `nil` where none was tried.
  let presets: PresetSizes?
  /// Whether the weights are in full precision, so that every preset can be made from them.
  let isUnquantized: Bool

  /// Cells that a line may take, beside those that it is set in by.
  private static let width = 78

  // MARK: Lines

  /// The three lines.
  var lines: [String] {
    isUnquantized ? [take] + places : [verdict, keepOrTake] + places.prefix(1)
  }

  private var verdict: String { Self.verdict(fit, speed) }

  /// Whether a model fits as it is, and how fast it is then.
  static func verdict(_ fit: MemoryFit, _ speed: Throughput?) -> String {
    let context = "with a context of \(Units.grouped(fit.options.context)) tokens"
    let rate = fit.verdict == .doesNotFit ? "" : speed.flatMap(Self.likely).map { ": \($0)" } ?? ""
    switch fit.verdict {
    case .fits: return "Fits, \(context)\(rate)"
    case .fitsWithFlags: return "Fits with flags (below), \(context)\(rate)"
    case .doesNotFit, nil:
      guard let shortage = fit.shortage else { return "Does not fit" }
      return "Does not fit: \(shortage.device.name) lacks \(Units.shortBytes(shortage.bytes)),"
        + " mostly for \(shortage.binding)"
    }
  }

  /// `31.4 tokens/s`.
  private static func likely(_ speed: Throughput) -> String? {
    speed.rate.map { "\(Units.significant($0.tokensPerSecond, 3)) tokens/s" }
  }

  private var take: String {
    guard let row = choice.row else { return "None of the usual presets fits" }
    return "Take \(row.preset.name): \(facts(row))"
  }

  private func lowered(_ text: String) -> String { text.prefix(1).lowercased() + text.dropFirst() }

  private func facts(_ row: PresetSizes.Row) -> String {
    let rate = row.speed.flatMap(Self.likely).map { ", \($0)" } ?? ""
    return "\(Units.shortBytes(row.bytes)), \(words(row.place))\(rate)"
  }

  private func words(_ place: PresetSizes.Place?) -> String {
    switch place {
    case .whole, nil: fit.placement.rule.gpuCount > 0 ? "fits whole" : "fits"
    case .expertsOutside: "fits with experts in host memory"
    case .layersOutside: "fits with layers in host memory"
    case .nowhere: "does not fit"
    }
  }

  private var keepOrTake: String {
    switch choice {
    case .keep where fit.model.bitsPerWeight < 5:
      "Keep it: \(mainType) is small already; requantizing loses quality and gains little"
    case .keep: "Keep it: made anew from \(mainType), any preset loses more"
    case .take(let row, _):
      "Or take \(row.preset.name) of the original weights: \(facts(row))"
    case .nothing: "No smaller preset fits either"
    }
  }

  /// The type of most bytes.
  private var mainType: String {
    var bytes: [String: Int] = [:]
    for tensor in fit.model.tensors { bytes[tensor.type.name, default: 0] += tensor.byteCount }
    return bytes.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "these weights"
  }

  /// The presets that fit whole, and those that fit with a part in host memory.
  private var places: [String] {
    guard let presets else { return [] }
    let isOnGPU = fit.placement.rule.gpuCount > 0
    let whole = list(isOnGPU ? "Fit whole" : "Fit", presets.rows.filter { $0.place == .whole })
    guard isOnGPU else { return [whole] }
    let kinds: [(String, PresetSizes.Place)] = [
      ("With experts in host memory", .expertsOutside),
      ("With layers in host memory", .layersOutside),
    ]
    let outside = kinds.map { ($0, $1, presets.rows.filter { [place = $1] in $0.place == place }) }
      .first { !$0.2.isEmpty }
    return [whole, list(outside?.0 ?? "With a part in host memory", outside?.2 ?? [])]
  }

  /// `Fit whole: Q4_K_M 61.2, IQ4_XS 66.1 tokens/s`, the most precise first, as many as a line holds.
  private func list(_ title: String, _ rows: [PresetSizes.Row]) -> String {
    let rates = rows.map { $0.speed?.rate?.tokensPerSecond }
    let unit = rates.contains { $0 != nil } ? " tokens/s" : ""
    guard !rows.isEmpty else { return "\(title): none" }
    var line = "\(title): "
    for (place, row) in rows.reversed().enumerated() {
      let rate = row.speed?.rate.map { " " + Units.significant($0.tokensPerSecond, 3) } ?? ""
      let item = (place > 0 ? ", " : "") + row.preset.name + rate
      guard line.count + item.count + unit.count <= Self.width else { break }
      line += item
    }
    return line + unit
  }

  /// Lines that say more of the choice.
  var notes: [String] {
    var notes: [String] = []
    if isUnquantized, fit.verdict != nil { notes.append("As it is: \(lowered(verdict)).") }
    guard let row = choice.row else { return notes }
    notes.append("--type \(row.preset.name) shows its memory and flags.")
    if row.bitsPerWeight < PresetChoice.fewBits {
      notes.append(
        "Fewer than \(PresetChoice.fewBits) bits a weight cost much quality: a smaller model may be"
          + " better.")
    }
    if row.preset.needsImportance { notes.append("It needs an importance matrix.") }
    return notes
  }
}

/// The same for programs.
struct SizeAnswerJSON: Encodable {
  /// The preset to take; `nil` to keep the types, and where nothing fits.
  let take: String?
  let keep: Bool
  let reason: String?
  let fitsWhole: [String]
  let expertsOutside: [String]
  let layersOutside: [String]

  init(_ answer: SizeAnswer) {
    take = answer.choice.row?.preset.name
    if case .keep = answer.choice { keep = true } else { keep = false }
    if case .take(_, let why) = answer.choice { reason = why.rawValue } else { reason = nil }
    let names = { (place: PresetSizes.Place) in
      (answer.presets?.rows ?? []).filter { $0.place == place }.map(\.preset.name)
    }
    fitsWhole = names(.whole)
    expertsOutside = names(.expertsOutside)
    layersOutside = names(.layersOutside)
  }
}
