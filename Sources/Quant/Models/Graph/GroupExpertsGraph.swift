// SPDX-License-Identifier: MIT
package import GGUF

/// Small experts, one for each group of consecutive experts of the mixture before them: a token goes
/// through those of the experts that were chosen for it, as often as that is. They work on what the
/// mixture gave.
public struct GroupExpertsGraph: Sendable {
  /// The experts and their rules; its router is that of the mixture before.
  public var mixture: MixtureGraph
  /// Experts that share one.
  public var groupSize: Int
  /// Where the logits of that mixture's router are kept.
  public var logits: CarriedSlot

  /// The matrices that quantizers may change.
  package var tensors: [TensorInfo] {
    let inputs: [ExpertGraph.Matrices] =
      switch mixture.experts.input {
      case .separate(let gate, let up): [gate, up]
      case .fused(let both): [both]
      case .plain(let up): [up]
      }
    return (inputs + [mixture.experts.down]).flatMap { matrices in
      switch matrices {
      case .merged(let linear): [linear.tensor]
      case .separate(let list): list.map(\.tensor)
      }
    }
  }
}
