// SPDX-License-Identifier: MIT

/// The sizes of a state space layer (Mamba).
package struct StateSpaceSizes {
  /// Tokens that the convolution sees.
  package var kernel = 4
  /// Width of the layer.
  package var inner = 0
  /// Numbers of the state.
  package var state = 16
  /// Rank of the time step, or heads (Mamba 2).
  package var rank = 0
  /// Groups that share a state (Mamba 2).
  package var groups = 1

  package init() {}
}

extension HeaderBuilder {
  /// Sets the keys of a state space.
  package mutating func stateSpaceKeys(_ sizes: StateSpaceSizes, hasGroups: Bool = true) {
    key("ssm.conv_kernel", sizes.kernel)
    key("ssm.inner_size", sizes.inner)
    key("ssm.state_size", sizes.state)
    key("ssm.time_step_rank", sizes.rank)
    if hasGroups { key("ssm.group_count", sizes.groups) }
  }

  /// Adds a layer of Mamba.
  package mutating func mamba1(_ sizes: StateSpaceSizes, norms: Bool = false) {
    linear("ssm_in", width, 2 * sizes.inner)
    tensor("ssm_conv1d.weight", sizes.kernel, sizes.inner)
    tensor("ssm_conv1d.bias", sizes.inner)
    linear("ssm_x", sizes.inner, sizes.rank + 2 * sizes.state)
    if norms {
      norm("ssm_dt_norm", sizes.rank)
      norm("ssm_b_norm", sizes.state)
      norm("ssm_c_norm", sizes.state)
    }
    linear("ssm_dt", sizes.rank, sizes.inner, bias: true)
    tensor("ssm_a", sizes.state, sizes.inner)
    tensor("ssm_d", sizes.inner)
    linear("ssm_out", sizes.inner, width)
  }

  /// Adds a layer of Mamba 2.
  package mutating func mamba2(
    _ sizes: StateSpaceSizes, convolutionBias: Bool = true, norms: Bool = true
  ) {
    let mixed = sizes.inner + 2 * sizes.groups * sizes.state
    linear("ssm_in", width, sizes.inner + mixed + sizes.rank)
    tensor("ssm_conv1d.weight", sizes.kernel, mixed)
    if convolutionBias { tensor("ssm_conv1d.bias", mixed) }
    tensor("ssm_dt.bias", sizes.rank)
    tensor("ssm_a", 1, sizes.rank)
    tensor("ssm_d", 1, sizes.rank)
    if norms { tensor("ssm_norm.weight", sizes.inner / max(1, sizes.groups), sizes.groups) }
    linear("ssm_out", sizes.inner, width)
  }

  /// Adds a short convolution (LFM2).
  package mutating func shortConvolution(_ kernel: Int) {
    tensor("shortconv.conv.weight", kernel, width)
    linear("shortconv.in_proj", width, 3 * width)
    linear("shortconv.out_proj", width, width)
  }

  /// Adds a gated DeltaNet: queries and keys of `groups` heads, values of `rank` heads. Its two gates
  /// may be two tensors.
  package mutating func deltaNet(_ sizes: StateSpaceSizes, isSplit: Bool) {
    let mixed = 2 * sizes.groups * sizes.state + sizes.inner
    linear("attn_qkv", width, mixed)
    linear("attn_gate", width, sizes.inner)
    if isSplit {
      linear("ssm_alpha", width, sizes.rank)
      linear("ssm_beta", width, sizes.rank)
    } else {
      linear("ssm_ba", width, 2 * sizes.rank)
    }
    tensor("ssm_conv1d.weight", sizes.kernel, mixed)
    tensor("ssm_dt.bias", sizes.rank)
    tensor("ssm_a", sizes.rank)
    norm("ssm_norm", sizes.inner / max(1, sizes.rank))
    linear("ssm_out", sizes.inner, width)
  }
}
