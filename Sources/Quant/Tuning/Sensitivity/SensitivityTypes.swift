// SPDX-License-Identifier: MIT
public import GGUF

/// The types that are tried unless others are asked for.
public enum SensitivityTypes {
  /// From the coarsest to the finest: whatever a plan may want, for rows of 256 weights and of 32.
  public static let usual: [TensorType] = [
    .IQ1_S, .IQ1_M, .IQ2_XXS, .IQ2_XS, .IQ2_S, .Q2_K, .IQ3_XXS, .IQ3_S, .Q3_K, .IQ4_XS, .IQ4_NL,
    .Q4_K, .Q5_0, .Q5_K, .Q5_1, .Q6_K, .Q8_0,
  ]
}
