// SPDX-License-Identifier: MIT
package import GGUF

/// Types of so few bits that quantizing without knowing what matters ruins a model.
package enum NeedsImportance {
  package static let types: Set<TensorType> = [.IQ3_XXS, .IQ2_XXS, .IQ2_XS, .IQ2_S, .IQ1_M, .IQ1_S]
}
