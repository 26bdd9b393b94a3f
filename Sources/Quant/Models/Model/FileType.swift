// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF

/// What a whole file is said to be (`general.file_type`): the presets of llama-quantize, by number.
///
/// A preset names the type of most tensors; `PresetRules` gives some of them another. Each format says
/// which presets are its own: see `FormatFacts`.
public struct FileType: RawRepresentable, Hashable, Sendable {
  /// The number in the metadata.
  public let rawValue: Int

  /// Wraps a number that stands for a preset.
  public init?(rawValue: Int) {
    guard Self.table[rawValue] != nil else { return nil }
    self.rawValue = rawValue
  }

  /// Finds a preset by its name in any case, by an alias (`Q4_K` for `Q4_K_M`), or by its number.
  public init?(name: String) {
    let upper = name.uppercased()
    let wanted = Self.aliases[upper] ?? upper
    guard let number = Int(wanted) ?? Self.numbers[wanted] else { return nil }
    self.init(rawValue: number)
  }

  /// The preset's name, such as `Q4_K_M`.
  public var name: String { Self.table[rawValue]?.name ?? "\(rawValue)" }

  /// The type of all tensors that no rule gives another.
  public var defaultType: TensorType { Self.table[rawValue]?.type ?? .F16 }

  /// Bits a weight of the default type.
  public var bitsPerWeight: Double { defaultType.layout?.bitsPerWeight ?? 0 }

  /// All presets, from the fewest bits to the most.
  public static let all: [FileType] = table.keys.compactMap(FileType.init(rawValue:))
    .sorted { ($0.bitsPerWeight, $0.rawValue) < ($1.bitsPerWeight, $1.rawValue) }

  /// What the formats say of their presets, by number.
  private static let table: [Int: (name: String, type: TensorType)] = Dictionary(
    formats.flatMap { facts in facts.fileTypes.map { ($0.number, ($0.name, facts.type)) } },
    uniquingKeysWith: { first, _ in first })
  private static let numbers = Dictionary(
    table.map { ($0.value.name, $0.key) }, uniquingKeysWith: { first, _ in first })
  private static let aliases: [String: String] = Dictionary(
    formats.flatMap(\.fileTypes).compactMap { preset in preset.alias.map { ($0, preset.name) } },
    uniquingKeysWith: { first, _ in first })
  private static var formats: [FormatFacts] { FormatRegistry.all.map { $0.facts } }
}

extension FileType: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

/// The presets that rules speak of by name.
extension FileType {
  private init(known name: String) {
    guard let number = Self.numbers[name] else {
      preconditionFailure("no format has the preset \(name)")
    }
    rawValue = number
  }

  package static let Q4_0 = FileType(known: "Q4_0")
  package static let Q5_0 = FileType(known: "Q5_0")
  package static let Q2_K = FileType(known: "Q2_K")
  package static let Q3_K_S = FileType(known: "Q3_K_S")
  package static let Q3_K_M = FileType(known: "Q3_K_M")
  package static let Q3_K_L = FileType(known: "Q3_K_L")
  package static let Q4_K_S = FileType(known: "Q4_K_S")
  package static let Q4_K_M = FileType(known: "Q4_K_M")
  package static let Q5_K_M = FileType(known: "Q5_K_M")
  package static let IQ2_XXS = FileType(known: "IQ2_XXS")
  package static let IQ2_XS = FileType(known: "IQ2_XS")
  package static let Q2_K_S = FileType(known: "Q2_K_S")
  package static let IQ3_XS = FileType(known: "IQ3_XS")
  package static let IQ3_XXS = FileType(known: "IQ3_XXS")
  package static let IQ1_S = FileType(known: "IQ1_S")
  package static let IQ4_NL = FileType(known: "IQ4_NL")
  package static let IQ3_S = FileType(known: "IQ3_S")
  package static let IQ3_M = FileType(known: "IQ3_M")
  package static let IQ2_S = FileType(known: "IQ2_S")
  package static let IQ2_M = FileType(known: "IQ2_M")
  package static let IQ4_XS = FileType(known: "IQ4_XS")
  package static let IQ1_M = FileType(known: "IQ1_M")
  package static let TQ1_0 = FileType(known: "TQ1_0")
  package static let TQ2_0 = FileType(known: "TQ2_0")
  package static let MXFP4_MOE = FileType(known: "MXFP4_MOE")
  package static let Q2_0 = FileType(known: "Q2_0")
}
