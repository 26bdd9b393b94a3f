// SPDX-License-Identifier: MIT
public import GGUF

/// What a whole file is said to be (`general.file_type`): the presets of llama-quantize, by number.
///
/// A preset names the type of most tensors; `PresetRules` gives some of them another.
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

  private static let aliases = ["Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"]
  private static let numbers = Dictionary(
    uniqueKeysWithValues: table.map { ($0.value.name, $0.key) })

  private static let table: [Int: (name: String, type: TensorType)] = [
    0: ("F32", .F32), 1: ("F16", .F16), 2: ("Q4_0", .Q4_0), 3: ("Q4_1", .Q4_1),
    7: ("Q8_0", .Q8_0), 8: ("Q5_0", .Q5_0), 9: ("Q5_1", .Q5_1), 10: ("Q2_K", .Q2_K),
    11: ("Q3_K_S", .Q3_K), 12: ("Q3_K_M", .Q3_K), 13: ("Q3_K_L", .Q3_K),
    14: ("Q4_K_S", .Q4_K), 15: ("Q4_K_M", .Q4_K), 16: ("Q5_K_S", .Q5_K),
    17: ("Q5_K_M", .Q5_K), 18: ("Q6_K", .Q6_K), 19: ("IQ2_XXS", .IQ2_XXS),
    20: ("IQ2_XS", .IQ2_XS), 21: ("Q2_K_S", .Q2_K), 22: ("IQ3_XS", .IQ3_S),
    23: ("IQ3_XXS", .IQ3_XXS), 24: ("IQ1_S", .IQ1_S), 25: ("IQ4_NL", .IQ4_NL),
    26: ("IQ3_S", .IQ3_S), 27: ("IQ3_M", .IQ3_S), 28: ("IQ2_S", .IQ2_XS),
    29: ("IQ2_M", .IQ2_S), 30: ("IQ4_XS", .IQ4_XS), 31: ("IQ1_M", .IQ1_M),
    32: ("BF16", .BF16), 36: ("TQ1_0", .TQ1_0), 37: ("TQ2_0", .TQ2_0),
    38: ("MXFP4_MOE", .MXFP4), 39: ("NVFP4", .NVFP4), 40: ("Q1_0", .Q1_0),
    41: ("Q2_0", .Q2_0),
  ]
}

extension FileType: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

/// The presets that rules speak of by name.
extension FileType {
  private init(known rawValue: Int) { self.rawValue = rawValue }

  package static let Q4_0 = FileType(known: 2)
  package static let Q5_0 = FileType(known: 8)
  package static let Q2_K = FileType(known: 10)
  package static let Q3_K_S = FileType(known: 11)
  package static let Q3_K_M = FileType(known: 12)
  package static let Q3_K_L = FileType(known: 13)
  package static let Q4_K_S = FileType(known: 14)
  package static let Q4_K_M = FileType(known: 15)
  package static let Q5_K_M = FileType(known: 17)
  package static let IQ2_XXS = FileType(known: 19)
  package static let IQ2_XS = FileType(known: 20)
  package static let Q2_K_S = FileType(known: 21)
  package static let IQ3_XS = FileType(known: 22)
  package static let IQ3_XXS = FileType(known: 23)
  package static let IQ1_S = FileType(known: 24)
  package static let IQ4_NL = FileType(known: 25)
  package static let IQ3_S = FileType(known: 26)
  package static let IQ3_M = FileType(known: 27)
  package static let IQ2_S = FileType(known: 28)
  package static let IQ2_M = FileType(known: 29)
  package static let IQ4_XS = FileType(known: 30)
  package static let IQ1_M = FileType(known: 31)
  package static let TQ1_0 = FileType(known: 36)
  package static let TQ2_0 = FileType(known: 37)
  package static let MXFP4_MOE = FileType(known: 38)
  package static let Q2_0 = FileType(known: 41)
}
