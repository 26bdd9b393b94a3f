// SPDX-License-Identifier: MIT

extension ModelReader {
  /// Streams of a state, as `hyper_connection.count` has it.
  func streams() throws(QuantError) -> Int { try integer("hyper_connection.count", in: 1...64) }

  /// A connection with streams whose weights depend on the token: `NAME_fn`, `NAME_base`, `NAME_scale`.
  ///
  /// - Parameters:
  ///   - name: What the tensors' names begin with.
  ///   - streams: How many there are.
  ///   - width: Numbers of each.
  ///   - join: How output is joined with them.
  /// - Returns: The connection.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func hyperConnection(
    _ name: String, streams: Int, width: Int, _ join: HyperConnection.Join
  ) throws(QuantError) -> HyperConnection {
    let (numbers, factors) =
      switch join {
      case .mixing: ((2 + streams) * streams, 3)
      case .adding: (2 * streams, 2)
      case .nothing: (streams, 1)
      }
    return HyperConnection(
      function: try linear("\(name)_fn", streams * width, numbers),
      base: try tensor("\(name)_base.weight", [numbers]),
      scale: try tensor("\(name)_scale.weight", [factors]),
      epsilon: try number("hyper_connection.epsilon"), join: join)
  }

  /// Mixing streams, as `hyper_connection.sinkhorn_iterations` has it.
  func mixingJoin() throws(QuantError) -> HyperConnection.Join {
    .mixing(iterations: try integer("hyper_connection.sinkhorn_iterations", in: 0...1000))
  }

  /// A layer of two steps that are connected with streams: `hc_attn` before the mixer, `hc_ffn` before the
  /// network.
  ///
  /// - Parameters:
  ///   - layer: Which layer.
  ///   - sizes: The model's.
  ///   - mixer: What stands in the first step.
  ///   - network: What stands in the second.
  ///   - streams: How many there are; `nil` for steps added to one.
  ///   - join: How output is joined with them.
  /// - Returns: The layer.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func hyperLayer(
    _ layer: Int, _ sizes: ModelSizes, _ mixer: BlockGraph, _ network: BlockGraph, streams: Int?,
    _ join: HyperConnection.Join
  ) throws(QuantError) -> LayerGraph {
    let prefix = "blk.\(layer)."
    var steps = [
      LayerStep(norm: try norm("\(prefix)attn_norm", sizes), mixer),
      LayerStep(norm: try norm("\(prefix)ffn_norm", sizes), network),
    ]
    guard let streams else { return LayerGraph(steps: steps) }
    for (step, name) in ["hc_attn", "hc_ffn"].enumerated() {
      steps[step].connection = .hyper(
        try hyperConnection("\(prefix)\(name)", streams: streams, width: sizes.width, join))
    }
    return LayerGraph(steps: steps)
  }
}
