// SPDX-License-Identifier: MIT

/// All formats that this suite can decode.
public enum FormatRegistry {
  /// Every format, in the order of GGML's numbers: see `visitFormats`.
  public static let all: [any BlockFormat.Type] = {
    var collector = FormatCollector()
    visitFormats(&collector)
    return collector.formats
  }()

  private static let byType = Dictionary(
    all.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })

  /// Raised with every change of any encoder's output: an unfinished file of another revision is not
  /// continued.
  package static let encoderRevision = 6

  /// Types that only activations are rounded to: no model is stored in them.
  public static let activationTypes: Set<TensorType> = {
    let plain = Set(all.filter { !$0.facts.fileTypes.isEmpty }.map { $0.type })
    return Set(all.compactMap { $0.facts.activations }).subtracting(plain)
  }()

  /// The format of a tensor type, if this suite can decode it.
  public static func format(of type: TensorType) -> (any BlockFormat.Type)? { byType[type] }

  /// The format of a tensor type, if this suite can write it.
  public static func encoder(of type: TensorType) -> (any EncodableFormat.Type)? {
    byType[type] as? any EncodableFormat.Type
  }
}

/// Makes a list of the formats.
private struct FormatCollector: FormatVisitor {
  var formats: [any BlockFormat.Type] = []

  mutating func visit<Format: BlockFormat>(_ format: Format.Type) { formats.append(format) }

  mutating func visit<Format: KernelEncodedFormat>(_ format: Format.Type) {
    formats.append(format)
  }
}
