// SPDX-License-Identifier: MIT
public import QuantModels
internal import QuantPlanning

/// The types to run a model in: the answer to the question that people ask first.
public enum PresetChoice: Sendable {
  /// Why a preset is chosen.
  public enum Reason: String, Sendable {
    /// It is the most precise that fits whole, up to Q8_0.
    case mostPreciseWhole = "most_precise_that_fits_whole"
    /// It keeps four bits with experts or layers in host memory; whole only fewer bits would fit.
    case fourBitsOutside = "four_bits_with_a_part_outside"
    /// It is the most precise that fits at all.
    case mostPrecise = "most_precise_that_fits"
  }

  /// As it is.
  case keep
  /// In a preset, made from weights in full precision.
  case take(PresetSizes.Row, Reason)
  /// In none of the presets that were tried.
  case nothing

  /// Fewer bits of a weight than these cost a model much of what it knows.
  public static let fewBits = 3.5
  private static let fourBits = 4.0
  /// More bits than those of Q8_0, whose loss is hardly measurable, cost speed alone.
  private static let mostBits = 9.0

  /// Chooses among presets.
  public init(_ sizes: PresetSizes) {
    let rows = sizes.rows.filter { $0.bitsPerWeight < Self.mostBits }
    let whole = rows.last { $0.place == .whole }
    if let whole, whole.bitsPerWeight >= Self.fewBits {
      self = .take(whole, .mostPreciseWhole)
    } else if let outside = Self.outside(rows, [.expertsOutside])
      ?? (whole == nil ? Self.outside(rows, [.layersOutside]) : nil)
    {
      self = .take(outside, .fourBitsOutside)
    } else if let row = whole ?? rows.last(where: { $0.place != .nowhere && $0.place != nil }) {
      self = .take(row, whole == nil ? .mostPrecise : .mostPreciseWhole)
    } else {
      self = .nothing
    }
  }

  /// Q4_K_M, or the smallest of four bits and more, where a part of it is outside.
  private static func outside(
    _ rows: [PresetSizes.Row], _ places: Set<PresetSizes.Place>
  ) -> PresetSizes.Row? {
    let rows = rows.filter { row in
      row.bitsPerWeight >= fourBits && row.place.map(places.contains) == true
    }
    return rows.first { $0.preset == FileType(name: "Q4_K_M") } ?? rows.first
  }

  /// Chooses for a model whose weights are quantized already: as it is wherever it fits, but for a model
  /// without experts of which a part would be in host memory.
  ///
  /// - Parameters:
  ///   - fit: How the model fits as it is.
  ///   - sizes: Smaller presets.
  public init(quantized fit: MemoryFit, _ sizes: PresetSizes?) {
    let choice = sizes.map(PresetChoice.init)
    switch (fit.verdict, PresetSizes.Place(fit), choice) {
    case (.fits, _, _), (.fitsWithFlags, .expertsOutside, _): self = .keep
    case (.fitsWithFlags, _, .take(let row, let reason)?) where row.place == .whole:
      self = .take(row, reason)
    case (.fitsWithFlags, _, _): self = .keep
    case (_, _, let choice): self = choice ?? .nothing
    }
  }

  /// The preset, if one is chosen.
  public var row: PresetSizes.Row? { if case .take(let row, _) = self { row } else { nil } }
}

extension FileType {
  /// Whether its weights need an importance matrix.
  public var needsImportance: Bool { NeedsImportance.types.contains(defaultType) }
}
