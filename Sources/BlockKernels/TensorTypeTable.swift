// SPDX-License-Identifier: MIT

/// The type numbers of GGML and ik_llama.cpp: those of formats from the formats' own facts, the others
/// listed here, with sizes where the number of bytes follows from blocks alone. A format that is
/// added takes its row away.
package enum TensorTypeTable {
  package struct Entry: Sendable {
    package let number: UInt32
    package let name: String
    package let layout: TensorType.Layout?
    package let status: TensorType.Status
  }

  // Of two rows the first would count; tests see that there are none.
  static let byNumber = Dictionary(all.map { ($0.number, $0) }, uniquingKeysWith: { a, _ in a })
  static let byName = Dictionary(all.map { ($0.name, $0.number) }, uniquingKeysWith: { a, _ in a })

  /// Every row, those of formats first.
  package static let all: [Entry] =
    FormatRegistry.all.map { Entry($0.facts) } + removed + ik + ikInterleaved

  private static func entry(
    _ number: UInt32, _ name: String, _ weights: Int, _ bytes: Int, _ status: TensorType.Status
  ) -> Entry {
    Entry(
      number: number, name: name,
      layout: .init(weightsPerBlock: weights, bytesPerBlock: bytes), status: status)
  }

  private static func sizeless(
    _ number: UInt32, _ name: String, _ status: TensorType.Status
  ) -> Entry {
    Entry(number: number, name: name, layout: nil, status: status)
  }

  /// Numbers that were taken back. Their blocks are gone from GGML, so no size is given; 36 is
  /// ik_llama.cpp's I2_S today.
  private static let removed: [Entry] = [
    sizeless(4, "Q4_2", .removed), sizeless(5, "Q4_3", .removed),
    sizeless(31, "Q4_0_4_4", .removed), sizeless(32, "Q4_0_4_8", .removed),
    sizeless(33, "Q4_0_8_8", .removed), sizeless(36, "IQ4_NL_4_4", .removed),
    sizeless(37, "IQ4_NL_4_8", .removed), sizeless(38, "IQ4_NL_8_8", .removed),
  ]

  /// ik_llama.cpp's own types. Those with a scale at the start of each row, or a layout for
  /// activations only, have no size here: their bytes do not follow from blocks alone.
  private static let ik: [Entry] = [
    entry(133, "Q6_0", 32, 26, .ikOnly), entry(137, "IQ2_K", 256, 76, .ikOnly),
    entry(138, "IQ3_K", 256, 110, .ikOnly), entry(139, "IQ4_K", 256, 144, .ikOnly),
    entry(140, "IQ5_K", 256, 176, .ikOnly), entry(141, "IQ6_K", 256, 212, .ikOnly),
    sizeless(97, "Q8_0_X4", .ikOnly), sizeless(98, "Q8_1_X4", .ikOnly),
    sizeless(99, "Q8_2_X4", .ikOnly), sizeless(134, "IQ1_BN", .ikOnly),
    sizeless(135, "IQ2_BN", .ikOnly), sizeless(136, "Q8_K64", .ikOnly),
    sizeless(142, "IQ2_TN", .ikOnly), sizeless(143, "IQ1_TN", .ikOnly),
    sizeless(144, "IQ4_KS", .ikOnly), sizeless(145, "IQ2_KS", .ikOnly),
    sizeless(146, "IQ4_KSS", .ikOnly), sizeless(147, "Q8_K16", .ikOnly),
    sizeless(148, "Q8_K32", .ikOnly), sizeless(149, "Q8_KR8", .ikOnly),
    sizeless(150, "Q8_K128", .ikOnly), sizeless(151, "Q8_KV", .ikOnly),
    sizeless(152, "IQ5_KS", .ikOnly), sizeless(153, "IQ2_KT", .ikOnly),
    sizeless(154, "IQ3_KT", .ikOnly), sizeless(155, "IQ4_KT", .ikOnly),
    sizeless(156, "IQ3_KS", .ikOnly), sizeless(157, "IQ2_KL", .ikOnly),
    sizeless(158, "IQ1_KT", .ikOnly),
  ]

  /// ik_llama.cpp's row-interleaved repacks: the bits of the plain type in another order.
  private static let ikInterleaved: [Entry] = [
    entry(202, "Q4_0_R8", 32, 18, .ikOnly), entry(206, "Q5_0_R4", 32, 22, .ikOnly),
    entry(208, "Q8_0_R8", 32, 34, .ikOnly), entry(210, "Q2_K_R4", 256, 84, .ikOnly),
    entry(211, "Q3_K_R4", 256, 110, .ikOnly), entry(212, "Q4_K_R4", 256, 144, .ikOnly),
    entry(213, "Q5_K_R4", 256, 176, .ikOnly), entry(214, "Q6_K_R4", 256, 210, .ikOnly),
    entry(216, "IQ2_XXS_R4", 256, 66, .ikOnly), entry(217, "IQ2_XS_R4", 256, 74, .ikOnly),
    entry(218, "IQ3_XXS_R4", 256, 98, .ikOnly), sizeless(219, "IQ1_S_R4", .ikOnly),
    entry(220, "IQ4_NL_R4", 32, 18, .ikOnly), entry(221, "IQ3_S_R4", 256, 110, .ikOnly),
    entry(222, "IQ2_S_R4", 256, 82, .ikOnly), entry(223, "IQ4_XS_R8", 256, 136, .ikOnly),
    sizeless(229, "IQ1_M_R4", .ikOnly), entry(230, "BF16_R16", 1, 2, .ikOnly),
    entry(233, "Q6_0_R4", 32, 26, .ikOnly), sizeless(335, "IQ2_BN_R4", .ikOnly),
    entry(337, "IQ2_K_R4", 256, 76, .ikOnly), entry(338, "IQ3_K_R4", 256, 110, .ikOnly),
    entry(339, "IQ4_K_R4", 256, 144, .ikOnly), entry(340, "IQ5_K_R4", 256, 176, .ikOnly),
    sizeless(344, "IQ4_KS_R4", .ikOnly), sizeless(352, "IQ5_KS_R4", .ikOnly),
    sizeless(398, "Q8_KV_R8", .ikOnly), sizeless(399, "Q8_K_R8", .ikOnly),
  ]
}

extension TensorTypeTable.Entry {
  /// What a format says of itself.
  fileprivate init(_ facts: FormatFacts) {
    number = facts.type.rawValue
    name = facts.name
    layout = facts.layout
    status = facts.status
  }
}
