// SPDX-License-Identifier: MIT
public import GGUF

/// All formats this suite can decode: ONE LINE a format.
public enum FormatRegistry {
  /// Every format, in the order of GGML's numbers.
  public static let all: [any BlockFormat.Type] = [
    F32.self,
    F16.self,
    Q4_0.self,
    Q4_1.self,
    Q5_0.self,
    Q5_1.self,
    Q8_0.self,
    Q8_1.self,
    Q2_K.self,
    Q3_K.self,
    Q4_K.self,
    Q5_K.self,
    Q6_K.self,
    Q8_K.self,
    IQ2_XXS.self,
    IQ2_XS.self,
    IQ3_XXS.self,
    IQ1_S.self,
    IQ4_NL.self,
    IQ3_S.self,
    IQ2_S.self,
    IQ4_XS.self,
    I8.self,
    I16.self,
    I32.self,
    I64.self,
    F64.self,
    IQ1_M.self,
    BF16.self,
    TQ1_0.self,
    TQ2_0.self,
    MXFP4.self,
    NVFP4.self,
    Q1_0.self,
    Q2_0.self,
  ]

  private static let byType = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })

  /// Raised with every change of any encoder's output: an unfinished file of another revision is not
  /// gone on with.
  package static let encoderRevision = 5

  /// The format of a tensor type, if this suite can decode it.
  public static func format(of type: TensorType) -> (any BlockFormat.Type)? { byType[type] }

  /// The format of a tensor type, if this suite can write it.
  public static func encoder(of type: TensorType) -> (any EncodableFormat.Type)? {
    byType[type] as? any EncodableFormat.Type
  }
}
