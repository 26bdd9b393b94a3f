// SPDX-License-Identifier: MIT

extension TensorType {
  /// GGML's name in capitals (`Q4_K`); `type 77` for a number without one.
  public var name: String { TensorTypeTable.byNumber[rawValue]?.name ?? "type \(rawValue)" }

  /// The block layout, where the number of bytes follows from blocks alone.
  public var layout: Layout? { TensorTypeTable.byNumber[rawValue]?.layout }

  /// Who can read this type.
  public var status: Status { TensorTypeTable.byNumber[rawValue]?.status ?? .unknown }

  /// The type with what its status says of it, for messages: `type Q4_K`,
  /// `type IQ4_KS, which only ik_llama.cpp reads`, `the unknown type 77`.
  public var inWords: String {
    switch status {
    case .current: "type \(name)"
    case .removed: "type \(name), which was removed from GGML"
    case .ikOnly: "type \(name), which only ik_llama.cpp reads"
    case .unknown: "the unknown type \(rawValue)"
    }
  }

  /// Whether a block holds quants with scales (rather than plain numbers).
  public var isQuantized: Bool { (layout?.weightsPerBlock ?? 256) > 1 }

  /// Finds a type by its name, in any case.
  public init?(name: String) {
    guard let entry = TensorTypeTable.byName[name.uppercased()] else { return nil }
    self.init(rawValue: entry)
  }
}

extension TensorType: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}
