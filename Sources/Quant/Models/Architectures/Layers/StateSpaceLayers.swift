// SPDX-License-Identifier: MIT
internal import GGUF

/// The sizes of a model's state spaces.
struct StateSpaces {
  /// Tokens that meet in the convolution.
  let kernel: Int
  /// Channels.
  let inner: Int
  /// States of a channel.
  let states: Int
  /// Numbers that Mamba 1 makes steps of; the heads of Mamba 2.
  let rank: Int
  /// Groups of heads that share what goes into states and comes out of them.
  let groups: Int

  /// Reads them.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - hasHeads: Whether they are those of Mamba 2.
  /// - Throws: `QuantError` for keys that are missing or do not fit each other.
  init(_ model: ModelReader, hasHeads: Bool) throws(QuantError) {
    kernel = try model.integer("ssm.conv_kernel", in: 1...1024)
    inner = try model.integer("ssm.inner_size", in: 1...(1 << 24))
    states = try model.integer("ssm.state_size", in: 1...65_536)
    rank = try model.integer("ssm.time_step_rank", in: 1...(1 << 20))
    groups = hasHeads ? try model.integer("ssm.group_count", in: 1...65_536) : 1
    guard !hasHeads || (inner % rank == 0 && rank % groups == 0) else {
      throw .content(
        file: model.path, line: 0,
        what: "\(model.architecture).ssm.time_step_rank: expected a number of heads that divides"
          + " \(inner) channels and is a multiple of \(groups) groups, found \(rank)")
    }
  }
}

extension ModelReader {
  /// A short convolution of `channels`: `NAME.weight`, perhaps `NAME.bias`.
  func convolution(
    _ name: String, size: Int, channels: Int, needsBias: Bool = false
  ) throws(QuantError) -> ConvolutionGraph {
    ConvolutionGraph(
      weight: try tensor("\(name).weight", [size, channels]),
      bias: needsBias
        ? try tensor("\(name).bias", [channels]) : try optional("\(name).bias", [channels]))
  }

  /// The scan of Mamba 1 of a layer.
  func mamba(
    layer: Int, _ sizes: ModelSizes, _ spaces: StateSpaces
  ) throws(QuantError) -> MambaGraph {
    let prefix = "blk.\(layer).ssm_"
    let (inner, states, rank) = (spaces.inner, spaces.states, spaces.rank)
    return MambaGraph(
      input: try linear("\(prefix)in", sizes.width, 2 * inner),
      convolution: try convolution(
        "\(prefix)conv1d", size: spaces.kernel, channels: inner, needsBias: true),
      parameters: try linear("\(prefix)x", inner, rank + 2 * states),
      step: try linear("\(prefix)dt", rank, inner, needsBias: true),
      rates: try tensor("\(prefix)a", [states, inner]),
      skips: try tensor("\(prefix)d", [inner]), inner: inner, states: states,
      output: try linear("\(prefix)out", inner, sizes.width))
  }

  /// Adds the norms of what a scan of Mamba 1 is steered by: with factors (Jamba) or without.
  func parameterNorms(
    _ graph: inout MambaGraph, layer: Int, weighted: Bool
  ) throws(QuantError) {
    let prefix = "blk.\(layer).ssm_"
    func norm(_ name: String, _ width: Int) throws(QuantError) -> Norm {
      weighted ? try self.norm("\(prefix)\(name)_norm", width) : Norm(weight: nil, bias: nil)
    }
    graph.stepNorm = try norm("dt", graph.step.inputs)
    graph.inputNorm = try norm("b", graph.states)
    graph.outputNorm = try norm("c", graph.states)
  }

  /// The scan of Mamba 2 of a layer.
  ///
  /// - Parameters:
  ///   - layer: Which layer.
  ///   - sizes: The model's.
  ///   - spaces: The sizes of its states.
  ///   - needsNorm: Whether the norm of the channels must be there.
  /// - Returns: The scan.
  /// - Throws: `QuantError` for tensors that are missing or do not fit.
  func mamba2(
    layer: Int, _ sizes: ModelSizes, _ spaces: StateSpaces, needsNorm: Bool = true
  ) throws(QuantError) -> Mamba2Graph {
    let prefix = "blk.\(layer).ssm_"
    let (inner, groups, heads) = (spaces.inner, spaces.groups, spaces.rank)
    let mixed = inner + 2 * groups * spaces.states
    let (norm, shape) = ("\(prefix)norm.weight", [inner / groups, groups])
    return Mamba2Graph(
      input: try linear("\(prefix)in", sizes.width, inner + mixed + heads),
      convolution: try convolution("\(prefix)conv1d", size: spaces.kernel, channels: mixed),
      stepBias: try tensor("\(prefix)dt.bias", [heads]),
      rates: try tensor("\(prefix)a", [1, heads]), skips: try tensor("\(prefix)d", [1, heads]),
      norm: needsNorm ? try tensor(norm, shape) : try optional(norm, shape), inner: inner,
      states: spaces.states, groups: groups, heads: heads,
      output: try linear("\(prefix)out", inner, sizes.width))
  }
}
