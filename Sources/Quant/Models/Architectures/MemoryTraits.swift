// SPDX-License-Identifier: MIT

/// What memory at run time depends on that neither keys nor tensors say.
package struct MemoryTraits: Sendable {
  /// Nothing is known: the computation is guessed from the tensors, and the estimate is a bound.
  package static let unknown = MemoryTraits()

  /// How llama.cpp computes it, if that was compared with llama.cpp's own buffers, or shares every
  /// operation with one that was; `nil` to guess from the tensors.
  package var computation: ComputationTraits?
  /// Every n-th layer sees everything and the others a window, unless a key says otherwise; zero if
  /// only the key tells.
  package var slidingPeriod = 0
  /// Whether it is the first of these n that sees everything, not the last.
  package var firstIsFull = false
  /// Whether all layers that attend see a window, if a key says how wide.
  package var slidesEverywhere = false
  /// Tokens of the window where llama.cpp fixes them, whatever the key says, unless that says zero.
  package var fixedWindow = 0
  /// Tokens of the window where no key says them; zero for none.
  package var defaultWindow = 0
  /// The number of layers that a model with windows has; zero for any.
  package var layersWithWindows = 0
  /// Whether Ollama 0.5.11 estimates it by the formulas that are known here.
  package var hasOllamaFormulas = false
}

extension MemoryTraits {
  /// Whether the compute buffers are replayed exactly rather than bounded.
  package var isExact: Bool { computation != nil }
}

/// What sets an architecture's computation in llama.cpp apart, where its tensors do not show it.
package struct ComputationTraits: Sendable {
  /// A layer's build.
  package enum Family: Sendable {
    /// Attention with keys and values cached, then a feed-forward network or experts.
    case standard
    /// Attention through compressed keys and values (DeepSeek).
    case latent
    /// A state space.
    case mamba
  }

  /// How routers turn scores into weights.
  package enum Gating: Sendable {
    case softmax, sigmoid, softmaxOfChosen
  }

  package var family = Family.standard
  package var scalesEmbedding = false
  package var scalesQueries = false
  package var capsScores = false
  package var capsLogits = false
  /// Whether keys are stored before values.
  package var storesKeysFirst = false
  package var normsExpertWeights = true
  package var gating = Gating.softmax
  /// Whether keys say how routers weigh experts.
  package var readsRouting = false
  /// Whether queries and keys are rotated before their norms.
  package var rotatesBeforeNorms = false
  /// Every n-th layer does not rotate; zero if all do.
  package var unrotatedPeriod = 0
  /// Whether what a network is added to comes first in the sum.
  package var addsToResidual = false
  /// Whether the rows that logits are wanted of are chosen after the last layer, not within it.
  package var choosesRowsLast = false
  /// Whether they are chosen after the last norm.
  package var choosesRowsAfterNorm = false
  /// Numbers that say where a token is: 4 where pictures are placed in time, height and width.
  package var positionsPerToken = 1
}

extension ComputationTraits {
  /// Traits of a family, all others neutral.
  package init(_ family: Family) { self.family = family }
}
